using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Chat.Actors.Persistence;

/// <summary>
/// The read model in a file of its own, so that it never waits for the journal's lock. <c>synchronous=NORMAL</c>: a power cut may take the last
/// moments back, never the file's order. Views are then projected again; read markers of those moments are lost, and their messages unread again.
/// </summary>
public sealed class SqliteReadDatabase(string path) : ReadDatabase
{
    private readonly string _connectionString = new SqliteConnectionStringBuilder { DataSource = path, ForeignKeys = true }.ToString();

    /// <summary>
    /// A message changes a page of its session in each of several indexes, and a hundred of that session in one transaction change no more: the more come together, the
    /// less is written to the disk whose syncs the journal waits for.
    /// </summary>
    internal override TimeSpan GatherTime => TimeSpan.FromMilliseconds(250);

    /// <inheritdoc cref="GatherTime"/>
    internal override int BatchSize => 5000;

    internal override SearchIndex Search { get; } = new SearchTable();

    internal override async ValueTask<DbConnection> OpenAsync(CancellationToken cancellation)
    {
        var connection = new SqliteConnection(_connectionString);
        try
        {
            await connection.OpenAsync(cancellation);
            await using var command = connection.CreateCommand();
            // SQLite's own wait for a lock looks again after 1 ms, 2 ms, 5 ms …; without it the client library looks only every 150 ms.
            command.CommandText = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000; PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4096;";
            await command.ExecuteNonQueryAsync(cancellation);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    internal override ValueTask<DbTransaction> BeginReadAsync(DbConnection connection, CancellationToken cancellation) =>
        new(((SqliteConnection)connection).BeginTransaction(deferred: true));

    internal override ValueTask<DbTransaction> BeginWriteAsync(DbConnection connection, CancellationToken cancellation)
    {
        var sqlite = (SqliteConnection)connection;
        sqlite.CreateFunction<string, string, string?, string>(SearchTable.TermsFunction, SearchTable.Terms, isDeterministic: true);
        return new(sqlite.BeginTransaction(deferred: false));
    }

    internal override ValueTask<int> ExecuteAsync(DbTransaction transaction, IEnumerable<ReadStatement> statements, CancellationToken cancellation)
    {
        var handle = SqliteHandle.Of((SqliteConnection)transaction.Connection!);
        var all = 0;
        // A batch has thousands of statements and a dozen texts, each one and the same string: it is prepared once.
        var prepared = new Dictionary<string, SqliteReadStatement>(ReferenceEqualityComparer.Instance);
        try
        {
            foreach (var statement in statements)
            {
                cancellation.ThrowIfCancellationRequested();
                if (!prepared.TryGetValue(statement.Sql, out var run))
                {
                    prepared[statement.Sql] = run = new SqliteReadStatement(handle, statement.Sql);
                }
                var changed = run.Execute(statement.Arguments);
                Check(statement, changed);
                all += changed;
            }
            return new(all);
        }
        finally
        {
            foreach (var statement in prepared.Values)
            {
                statement.Dispose();
            }
        }
    }

    internal override ValueTask<bool> TryLeadAsync(DbConnection connection, CancellationToken cancellation) => new(true);

    /// <summary>Closes the connections that are kept for reuse, and with the last of them the file.</summary>
    public override void Dispose()
    {
        using (var connection = new SqliteConnection(_connectionString))
        {
            SqliteConnection.ClearPool(connection);
        }
        base.Dispose();
    }

    internal override IReadOnlyList<ReadStatement> Empty(IReadOnlyList<string> tables) =>
    [
        .. tables.Select(table => new ReadStatement($"DELETE FROM {table}", [])),
        .. tables.Select(table => new ReadStatement("DELETE FROM sqlite_sequence WHERE name = $1", [table])),
        .. tables.Where(table => table == "chat_messages").Select(_ => new ReadStatement("INSERT INTO chat_search (chat_search) VALUES ('delete-all')", [])),
    ];

    internal override CancellationTokenRegistration InterruptWith(DbConnection connection, CancellationToken cancellation) =>
        cancellation.Register(() => SQLitePCL.raw.sqlite3_interrupt(((SqliteConnection)connection).Handle));

    internal override bool IsOfTheData(Exception failure) => failure switch
    {
        // SQLITE_TOOBIG, SQLITE_CONSTRAINT, SQLITE_MISMATCH.
        SqliteException e => e.SqliteErrorCode is 18 or 19 or 20,
        DbException or IOException or OperationCanceledException or ObjectDisposedException => false,
        _ => true,
    };
}
