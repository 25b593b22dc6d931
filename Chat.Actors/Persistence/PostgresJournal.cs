using System.Net.Sockets;
using Chat.Protocol;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Chat.Actors.Persistence;

/// <summary>
/// The log in PostgreSQL, shared by all nodes: one loop that writes on a connection of its own, a pool that reads.
/// </summary>
public sealed class PostgresJournal : IJournal
{
    private readonly TimeProvider time;
    private readonly EventCodec codec;
    private readonly WriteQueue queue;
    private readonly NpgsqlDataSource writing;
    private readonly PostgresWriter writer;
    private readonly PostgresHorizon horizon;
    private readonly TimeSpan patience;
    private bool disposed;

    private PostgresJournal(NpgsqlDataSource source, NpgsqlDataSource writing, TimeProvider time, JournalOptions options, ILogger logger)
    {
        this.time = time;
        codec = options.Events;
        patience = options.AppendTimeout;
        this.writing = writing;
        Source = source;
        queue = new WriteQueue(options, time, () => Committed?.Invoke(), logger);
        horizon = new PostgresHorizon(time, logger);
        writer = new PostgresWriter(writing, options, queue, time, logger);
    }

    public event Action? Committed;

    /// <summary>The pool, for the read model and the migrations too. It closes with the journal.</summary>
    public NpgsqlDataSource Source { get; }

    /// <summary>Opens no connection yet: a database that is away fails the first calls, not the start.</summary>
    /// <param name="databaseUrl">See <see cref="PostgresUrl"/>.</param>
    /// <param name="poolSize">Connections of <see cref="Source"/> at most; the writer has one more.</param>
    /// <exception cref="FormatException">The URL cannot be read.</exception>
    public static PostgresJournal Open(string databaseUrl, int poolSize, TimeProvider time, JournalOptions? options = null, ILogger<PostgresJournal>? logger = null)
    {
        options ??= new JournalOptions();
        var settings = PostgresUrl.Parse(databaseUrl);
        settings.MaxPoolSize = poolSize;
        settings.CommandTimeout = Seconds(options.QueryTimeout);
        settings.CancellationTimeout = 1000;
        var source = NpgsqlDataSource.Create(settings);
        settings.Pooling = false;
        settings.ApplicationName += "-writer";
        settings.CommandTimeout = Seconds(options.AppendTimeout);
        return new PostgresJournal(source, NpgsqlDataSource.Create(settings), time, options, logger ?? NullLogger<PostgresJournal>.Instance);
    }

    public ValueTask<AppendResult> AppendAsync(AppendChain chain, long expectedHead, IReadOnlyList<SessionEvent> events)
    {
        var append = PendingAppend.Of(chain, expectedHead, events, codec, time);
        queue.Add(append);
        return new ValueTask<AppendResult>(append.Task);
    }

    public ValueTask<IReadOnlyList<StoredEvent>> ReadAsync(string log, long afterSeq, int limit, CancellationToken cancellation) => RunAsync(
        async connection =>
        {
            await using var command = Command(
                connection,
                """
                SELECT ordering, sequence_number, writer_uuid, manifest, message FROM journal
                WHERE persistence_id = $1 AND sequence_number > $2 ORDER BY sequence_number LIMIT $3
                """,
                log,
                afterSeq,
                limit);
            await using var row = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
            var events = new List<StoredEvent>();
            while (await row.ReadAsync(cancellation).ConfigureAwait(false))
            {
                events.Add(JournalFormat.Decode(codec, row.GetInt64(0), log, row.GetInt64(1), Text(row, 2), Text(row, 3), row.GetFieldValue<byte[]>(4)));
            }
            return (IReadOnlyList<StoredEvent>)events;
        },
        cancellation);

    public ValueTask<IReadOnlyList<long>> ReadHeadsAsync(IReadOnlyList<string> logs, CancellationToken cancellation) => RunAsync(
        async connection =>
        {
            // One step into the index for each log.
            await using var command = Command(
                connection,
                """
                SELECT COALESCE((SELECT max(sequence_number) FROM journal WHERE persistence_id = asked.log), 0)
                FROM unnest($1::text[]) WITH ORDINALITY AS asked (log, place) ORDER BY place
                """,
                (object)logs.ToArray());
            await using var row = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
            var heads = new List<long>(logs.Count);
            while (await row.ReadAsync(cancellation).ConfigureAwait(false))
            {
                heads.Add(row.GetInt64(0));
            }
            return (IReadOnlyList<long>)heads;
        },
        cancellation);

    public ValueTask<long> ReadLastOrderingAsync(CancellationToken cancellation) => ReadNumberAsync("SELECT max(ordering) FROM journal", cancellation);

    public ValueTask<IReadOnlyList<StoredEvent>> ReadAllAsync(long afterOrdering, int limit, CancellationToken cancellation) => RunAsync(
        async connection =>
        {
            while (true)
            {
                // Before the rows: it speaks of queries that begin after it.
                var decided = horizon.Decided;
                var rows = await ReadRowsAsync(connection, afterOrdering, limit, cancellation).ConfigureAwait(false);
                var safe = PostgresHorizon.CountSafe(rows, afterOrdering, decided);
                if (safe == rows.Count || !await horizon.AdvanceAsync(connection, cancellation).ConfigureAwait(false))
                {
                    return (IReadOnlyList<StoredEvent>)rows[..safe];
                }
            }
        },
        Timeout.InfiniteTimeSpan,
        cancellation);

    public ValueTask<StoredSnapshot?> ReadSnapshotAsync(string log, long maxSeq, CancellationToken cancellation) => RunAsync(
        async connection =>
        {
            await using var command = Command(
                connection,
                """
                SELECT sequence_number, created, manifest, snapshot FROM snapshot
                WHERE persistence_id = $1 AND sequence_number <= $2 ORDER BY sequence_number DESC LIMIT 1
                """,
                log,
                maxSeq);
            await using var row = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
            return await row.ReadAsync(cancellation).ConfigureAwait(false)
                ? new StoredSnapshot(log, row.GetInt64(0), new DateTimeOffset(row.GetInt64(1), TimeSpan.Zero), Text(row, 2) ?? "", row.GetFieldValue<byte[]>(3))
                : null;
        },
        cancellation);

    public async ValueTask SaveSnapshotAsync(StoredSnapshot snapshot, CancellationToken cancellation)
    {
        JournalFormat.CheckLog(snapshot.Log);
        await RunAsync(
            async connection =>
            {
                await using var command = Command(
                    connection,
                    """
                    WITH pruned AS (DELETE FROM snapshot WHERE persistence_id = $1 AND sequence_number < $2)
                    INSERT INTO snapshot (persistence_id, sequence_number, created, snapshot, manifest, serializer_id) VALUES ($1, $2, $3, $4, $5, $6)
                    ON CONFLICT (persistence_id, sequence_number) DO UPDATE
                    SET created = excluded.created, snapshot = excluded.snapshot, manifest = excluded.manifest, serializer_id = excluded.serializer_id
                    """,
                    snapshot.Log,
                    snapshot.Seq,
                    snapshot.At.UtcTicks,
                    snapshot.State,
                    snapshot.Manifest,
                    JournalFormat.SerializerId);
                return await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
            },
            cancellation).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        if (disposed)
        {
            return;
        }
        disposed = true;
        await writer.DisposeAsync().ConfigureAwait(false);
        queue.Dispose();
        await writing.DisposeAsync().ConfigureAwait(false);
        await Source.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<List<StoredEvent>> ReadRowsAsync(NpgsqlConnection connection, long afterOrdering, int limit, CancellationToken cancellation)
    {
        await using var command = Command(
            connection,
            """
            SELECT ordering, persistence_id, sequence_number, writer_uuid, manifest, message FROM journal
            WHERE ordering > $1 ORDER BY ordering LIMIT $2
            """,
            afterOrdering,
            limit);
        command.CommandTimeout = connection.CommandTimeout;
        await using var row = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        var events = new List<StoredEvent>();
        while (await row.ReadAsync(cancellation).ConfigureAwait(false))
        {
            events.Add(JournalFormat.DecodeOrReport(codec, row.GetInt64(0), row.GetString(1), row.GetInt64(2), Text(row, 3), Text(row, 4), row.GetFieldValue<byte[]>(5)));
        }
        return events;
    }

    /// <returns>0 for null, which is what an empty table or log gives.</returns>
    private ValueTask<long> ReadNumberAsync(string sql, CancellationToken cancellation, params object[] values) => RunAsync(
        async connection =>
        {
            await using var command = Command(connection, sql, values);
            return await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false) is long number ? number : 0;
        },
        cancellation);

    /// <summary>
    /// A session and its readers wait for it, no longer than for a commit. A server that has fallen silent would keep them for several times that: the driver tries to have the
    /// query cancelled, over a connection that it tries to make.
    /// </summary>
    private ValueTask<T> RunAsync<T>(Func<NpgsqlConnection, Task<T>> query, CancellationToken cancellation) => RunAsync(query, patience, cancellation);

    private async ValueTask<T> RunAsync<T>(Func<NpgsqlConnection, Task<T>> query, TimeSpan limit, CancellationToken cancellation)
    {
        async Task<T> ConnectAndRunAsync()
        {
            await using var connection = await Source.OpenConnectionAsync(cancellation).ConfigureAwait(false);
            return await query(connection).ConfigureAwait(false);
        }
        try
        {
            return await ConnectAndRunAsync().WaitAsync(limit, time, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is NpgsqlException or SocketException or IOException or TimeoutException or ObjectDisposedException)
        {
            throw new JournalUnavailableException($"PostgreSQL cannot be read or written: {e.Message}", e);
        }
    }

    private NpgsqlCommand Command(NpgsqlConnection connection, string sql, params object[] values)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = Seconds(patience) };
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }
        return command;
    }

    private static int Seconds(TimeSpan time) => (int)Math.Ceiling(time.TotalSeconds);

    private static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}
