using Chat.Protocol;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Chat.Actors.Persistence;

/// <summary>
/// The log in one file of SQLite: WAL, <c>synchronous=FULL</c>, one thread that writes, many connections that read. Several processes
/// may share the file.
/// </summary>
public sealed class SqliteJournal : IJournal
{
    private readonly TimeProvider time;
    private readonly EventCodec codec;
    private readonly WriteQueue queue;
    private readonly SqliteWriter writer;
    private readonly SqliteReaders readers;

    private SqliteJournal(string path, TimeProvider time, JournalOptions options, ILogger logger)
    {
        this.time = time;
        codec = options.Events;
        queue = new WriteQueue(options, time, () => Committed?.Invoke(), logger);
        readers = new SqliteReaders(path, options);
        try
        {
            writer = new SqliteWriter(path, options, queue, logger);
        }
        catch
        {
            queue.Dispose();
            throw;
        }
    }

    public event Action? Committed;

    /// <summary>Opens a file whose migrations have run (<see cref="Migrations"/>).</summary>
    /// <exception cref="JournalUnavailableException">It cannot be opened, or holds no journal.</exception>
    public static SqliteJournal Open(string path, TimeProvider time, JournalOptions? options = null, ILogger<SqliteJournal>? logger = null)
    {
        try
        {
            return new SqliteJournal(path, time, options ?? new JournalOptions(), logger ?? NullLogger<SqliteJournal>.Instance);
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new JournalUnavailableException($"The journal {path} cannot be opened: {e.Message}", e);
        }
    }

    public ValueTask<AppendResult> AppendAsync(AppendChain chain, long expectedHead, IReadOnlyList<SessionEvent> events)
    {
        var append = PendingAppend.Of(chain, expectedHead, events, codec, time);
        queue.Add(append);
        return new ValueTask<AppendResult>(append.Task);
    }

    public async ValueTask<IReadOnlyList<StoredEvent>> ReadAsync(string log, long afterSeq, int limit, CancellationToken cancellation) =>
        await readers.ReadAsync((log, afterSeq, limit), static (db, at) => db.ReadLog(at.log, at.afterSeq, at.limit), cancellation).ConfigureAwait(false);

    // One writer at a time holds the file, from the number it draws to its commit: numbers appear in their order.
    public async ValueTask<IReadOnlyList<StoredEvent>> ReadAllAsync(long afterOrdering, int limit, CancellationToken cancellation) =>
        await readers.ReadAsync((afterOrdering, limit), static (db, at) => db.ReadAll(at.afterOrdering, at.limit), cancellation).ConfigureAwait(false);

    public async ValueTask<IReadOnlyList<long>> ReadHeadsAsync(IReadOnlyList<string> logs, CancellationToken cancellation)
    {
        var heads = new List<long>(logs.Count);
        foreach (var log in logs)
        {
            heads.Add(await readers.ReadAsync(log, static (db, name) => db.ReadHead(name), cancellation).ConfigureAwait(false));
        }
        return heads;
    }

    public ValueTask<long> ReadLastOrderingAsync(CancellationToken cancellation) =>
        readers.ReadAsync(0, static (db, _) => db.ReadLastOrdering(), cancellation);

    public ValueTask<StoredSnapshot?> ReadSnapshotAsync(string log, long maxSeq, CancellationToken cancellation) =>
        readers.ReadAsync((log, maxSeq), static (db, at) => db.ReadSnapshot(at.log, at.maxSeq), cancellation);

    public async ValueTask SaveSnapshotAsync(StoredSnapshot snapshot, CancellationToken cancellation)
    {
        JournalFormat.CheckLog(snapshot.Log);
        var pending = new PendingSnapshot(snapshot, time.GetTimestamp());
        queue.Add(pending);
        await pending.Task.WaitAsync(cancellation).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await writer.DisposeAsync().ConfigureAwait(false);
        queue.Dispose();
        readers.Dispose();
    }
}
