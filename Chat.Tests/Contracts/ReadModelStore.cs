using Chat.Actors.Persistence;
using Chat.Tests.Support;

namespace Chat.Tests.Contracts;

/// <summary>A place for one test's read model, which goes away with the test.</summary>
public abstract class ReadModelStore : IAsyncDisposable
{
    /// <summary>With its tables.</summary>
    internal abstract Task<ReadDatabase> CreateAsync();

    /// <summary>An empty journal as the server would have it beside the read model.</summary>
    internal abstract Task<IJournal> OpenJournalAsync();

    /// <summary>What the database would do to answer the query, one step a line.</summary>
    internal abstract Task<IReadOnlyList<string>> ExplainAsync(ReadDatabase database, string sql, params (string Name, object Value)[] arguments);

    public abstract ValueTask DisposeAsync();

    private protected static async Task<IReadOnlyList<string>> ReadLastColumnAsync(ReadDatabase database, string sql, (string Name, object Value)[] arguments)
    {
        await using var connection = await database.OpenAsync(CancellationToken.None);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in arguments)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }
        await using var reader = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync())
        {
            lines.Add(reader.GetString(reader.FieldCount - 1));
        }
        return lines;
    }
}

public sealed class SqliteReadModelStore : ReadModelStore
{
    private readonly TempFolder _folder = new();
    private SqliteReadDatabase? _database;

    internal override async Task<ReadDatabase> CreateAsync()
    {
        var path = _folder.File("read.db");
        await Migrations.ForSqlite(path, TimeProvider.System).UpAsync("read");
        return _database = new SqliteReadDatabase(path);
    }

    internal override async Task<IJournal> OpenJournalAsync()
    {
        var path = _folder.File("journal.db");
        await Migrations.ForSqlite(path, TimeProvider.System).UpAsync("journal");
        return SqliteJournal.Open(path, TimeProvider.System);
    }

    internal override Task<IReadOnlyList<string>> ExplainAsync(ReadDatabase database, string sql, params (string Name, object Value)[] arguments) =>
        ReadLastColumnAsync(database, "EXPLAIN QUERY PLAN " + sql, arguments);

    public override ValueTask DisposeAsync()
    {
        _database?.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
