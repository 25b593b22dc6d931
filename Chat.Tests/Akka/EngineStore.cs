using System.Data.Common;
using Chat.Actors.AkkaEngine;
using Chat.Actors.Persistence;
using Chat.Tests.Support;
using Dapper;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Chat.Tests.AkkaEngine;

/// <summary>A database for one test, as both engines find it.</summary>
public abstract class EngineStore : IAsyncDisposable
{
    private protected static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>A journal of the default engine's; the caller's to dispose.</summary>
    internal abstract IJournal OpenJournal();

    internal abstract AkkaDatabase Akka { get; }

    internal abstract ReadDatabase Read { get; }

    /// <summary>With all tables.</summary>
    public abstract Task CreateAsync();

    public abstract ValueTask DisposeAsync();

    public abstract Task<DbConnection> ConnectAsync();

    /// <summary>What stands in the journal, in the order of its writing.</summary>
    public async Task<List<JournalRow>> RowsAsync()
    {
        await using var connection = await ConnectAsync();
        return (await connection.QueryAsync<JournalRow>(
            "SELECT ordering, deleted, persistence_id AS log, sequence_number AS seq, message, manifest, identifier, writer_uuid AS writer FROM journal ORDER BY ordering")).AsList();
    }

    public async Task<List<SnapshotRow>> SnapshotsAsync()
    {
        await using var connection = await ConnectAsync();
        return (await connection.QueryAsync<SnapshotRow>(
            "SELECT persistence_id AS log, sequence_number AS seq, snapshot AS state, manifest, serializer_id AS serializer FROM snapshot ORDER BY persistence_id, sequence_number")).AsList();
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var connection = await ConnectAsync();
        await connection.ExecuteAsync(sql);
    }

    public sealed class JournalRow
    {
        public long Ordering { get; init; }
        public bool Deleted { get; init; }
        public required string Log { get; init; }
        public long Seq { get; init; }
        public required byte[] Message { get; init; }
        public required string Manifest { get; init; }
        public int Identifier { get; init; }
        public required string Writer { get; init; }
    }

    public sealed class SnapshotRow
    {
        public required string Log { get; init; }
        public long Seq { get; init; }
        public required byte[] State { get; init; }
        public required string Manifest { get; init; }
        public int Serializer { get; init; }
    }
}

public sealed class SqliteEngineStore : EngineStore
{
    private readonly TempFolder _folder = new();
    private SqliteReadDatabase? _read;

    internal override AkkaDatabase Akka => AkkaDatabase.Sqlite(_folder.File("journal.db"), Timeout);

    internal override ReadDatabase Read => _read!;

    internal override IJournal OpenJournal() => SqliteJournal.Open(_folder.File("journal.db"), TimeProvider.System);

    public override async Task CreateAsync()
    {
        await Migrations.ForSqlite(_folder.File("journal.db"), TimeProvider.System).UpAsync("journal");
        await Migrations.ForSqlite(_folder.File("read.db"), TimeProvider.System).UpAsync("read");
        _read = new SqliteReadDatabase(_folder.File("read.db"));
    }

    public override async Task<DbConnection> ConnectAsync()
    {
        var connection = new SqliteConnection(Akka.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    public override ValueTask DisposeAsync()
    {
        _read?.Dispose();
        using (var connection = new SqliteConnection(Akka.ConnectionString))
        {
            SqliteConnection.ClearPool(connection);
        }
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}

public sealed class PostgresEngineStore : EngineStore
{
    private PostgresDatabase? _database;
    private NpgsqlDataSource? _source;

    public PostgresDatabase Database => _database!;

    internal override AkkaDatabase Akka => AkkaDatabase.Postgres(_database!.Url, Timeout);

    internal override ReadDatabase Read => new PostgresReadDatabase(_source!);

    internal override IJournal OpenJournal() => PostgresJournal.Open(_database!.Url, 10, TimeProvider.System);

    public override async Task CreateAsync()
    {
        _database = await PostgresDatabase.CreateAsync("journal", "read");
        _source = NpgsqlDataSource.Create(PostgresUrl.Parse(_database.Url));
    }

    public override async Task<DbConnection> ConnectAsync() => await _database!.ConnectAsync();

    public override async ValueTask DisposeAsync()
    {
        if (_source is not null)
        {
            await _source.DisposeAsync();
        }
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }
}
