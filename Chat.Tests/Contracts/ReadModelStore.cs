using System.Data.Common;
using Chat.Actors.Persistence;
using Chat.Tests.Support;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Chat.Tests.Contracts;

/// <summary>A place for one test's read model, which goes away with the test.</summary>
public abstract class ReadModelStore : IAsyncDisposable
{
    /// <summary>With its tables.</summary>
    internal abstract Task<ReadDatabase> CreateAsync();

    /// <summary>Of the database that was made.</summary>
    internal abstract Migrations Migrations { get; }

    /// <summary>An empty journal as the server would have it beside the read model.</summary>
    internal abstract Task<IJournal> OpenJournalAsync();

    /// <summary>What the database would do to answer the query, one step a line.</summary>
    internal abstract Task<IReadOnlyList<string>> ExplainAsync(ReadDatabase database, string sql, params (string Name, object Value)[] arguments);

    /// <summary>What the database does to answer the query, counted in its own units; not a time.</summary>
    internal abstract Task<long> WorkAsync(ReadDatabase database, string sql, params (string Name, object Value)[] arguments);

    public abstract ValueTask DisposeAsync();

    private protected static async Task<IReadOnlyList<string>> ReadLastColumnAsync(ReadDatabase database, string sql, (string Name, object Value)[] arguments)
    {
        await using var connection = await database.OpenAsync(CancellationToken.None);
        await using var command = Command(connection, sql, arguments);
        await using var reader = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync())
        {
            lines.Add(reader.GetString(reader.FieldCount - 1));
        }
        return lines;
    }

    private protected static DbCommand Command(DbConnection connection, string sql, (string Name, object Value)[] arguments)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in arguments)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }
        return command;
    }
}

public sealed class SqliteReadModelStore : ReadModelStore
{
    private readonly TempFolder _folder = new();
    private SqliteReadDatabase? _database;

    internal override Migrations Migrations => Migrations.ForSqlite(_folder.File("read.db"), TimeProvider.System);

    internal override async Task<ReadDatabase> CreateAsync()
    {
        await Migrations.UpAsync("read");
        return _database = new SqliteReadDatabase(_folder.File("read.db"));
    }

    internal override async Task<IJournal> OpenJournalAsync()
    {
        var path = _folder.File("journal.db");
        await Migrations.ForSqlite(path, TimeProvider.System).UpAsync("journal");
        return SqliteJournal.Open(path, TimeProvider.System);
    }

    internal override Task<IReadOnlyList<string>> ExplainAsync(ReadDatabase database, string sql, params (string Name, object Value)[] arguments) =>
        ReadLastColumnAsync(database, "EXPLAIN QUERY PLAN " + sql, arguments);

    /// <summary>Instructions of its machine, in tens.</summary>
    internal override async Task<long> WorkAsync(ReadDatabase database, string sql, params (string Name, object Value)[] arguments)
    {
        await using var connection = (SqliteConnection)await database.OpenAsync(CancellationToken.None);
        await using var command = Command(connection, sql, arguments);
        var tens = 0;
        raw.sqlite3_progress_handler(connection.Handle, 10, _ => ++tens * 0, null);
        try
        {
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
            }
        }
        finally
        {
            raw.sqlite3_progress_handler(connection.Handle, 0, null, null);
        }
        return tens;
    }

    public override ValueTask DisposeAsync()
    {
        _database?.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
