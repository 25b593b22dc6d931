using System.Data;
using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Chat.Actors.Persistence;

/// <summary>What the migrations need to know of an engine.</summary>
internal abstract class MigrationDatabase
{
    public abstract string CreateVersionTable { get; }

    /// <summary>Names in lower case of all tables and views that a CREATE TABLE would meet.</summary>
    public abstract string ListTables { get; }

    /// <summary>False where opening would make the database.</summary>
    public virtual bool Exists => true;

    public abstract ValueTask<DbConnection> OpenAsync(CancellationToken cancellation);

    /// <summary>A transaction that no other run of migrations shares its time with.</summary>
    public abstract ValueTask<DbTransaction> BeginAsync(DbConnection connection, CancellationToken cancellation);
}

internal sealed class SqliteMigrationDatabase(string path) : MigrationDatabase
{
    static SqliteMigrationDatabase() => SQLitePCL.Batteries_V2.Init();

    public override string CreateVersionTable =>
        """
        CREATE TABLE IF NOT EXISTS chat_migrations (
            set_name   TEXT    NOT NULL,
            version    INTEGER NOT NULL,
            name       TEXT    NOT NULL,
            checksum   TEXT    NOT NULL,
            applied_at TEXT    NOT NULL,
            PRIMARY KEY (set_name, version)
        )
        """;

    public override string ListTables => "SELECT lower(name) FROM sqlite_master WHERE type IN ('table', 'view')";

    public override bool Exists => File.Exists(path);

    public override async ValueTask<DbConnection> OpenAsync(CancellationToken cancellation)
    {
        SqliteFile.Create(path);
        // Not pooled: a pool would keep the file open after the run.
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        await connection.OpenAsync(cancellation).ConfigureAwait(false);
        return connection;
    }

    public override ValueTask<DbTransaction> BeginAsync(DbConnection connection, CancellationToken cancellation) =>
        // BEGIN IMMEDIATE, which waits for a lock.
        ValueTask.FromResult<DbTransaction>(((SqliteConnection)connection).BeginTransaction(deferred: false));
}

internal sealed class PostgresMigrationDatabase(NpgsqlDataSource source) : MigrationDatabase
{
    // "chat_mig" in ASCII.
    private const long LockKey = 0x636861745F6D6967;

    public override string CreateVersionTable =>
        """
        CREATE TABLE IF NOT EXISTS chat_migrations (
            set_name   text        NOT NULL,
            version    integer     NOT NULL,
            name       text        NOT NULL,
            checksum   text        NOT NULL,
            applied_at timestamptz NOT NULL,
            PRIMARY KEY (set_name, version)
        )
        """;

    public override string ListTables =>
        """
        SELECT lower(relname) FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
        """;

    public override async ValueTask<DbConnection> OpenAsync(CancellationToken cancellation) =>
        await source.OpenConnectionAsync(cancellation).ConfigureAwait(false);

    public override async ValueTask<DbTransaction> BeginAsync(DbConnection connection, CancellationToken cancellation)
    {
        var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation).ConfigureAwait(false);
        // Of the transaction, not of the session: it cannot outlive a lost connection, and a pooler between does not matter.
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT pg_advisory_xact_lock({LockKey})";
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        return transaction;
    }
}
