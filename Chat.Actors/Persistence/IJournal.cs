using Chat.Protocol;

namespace Chat.Actors.Persistence;

/// <summary>
/// The log of every session: the truth that everything else is a view of. Appends of all sessions are committed in groups by one
/// background writer, which also means that <see cref="AppendAsync"/> calls of one chain take effect in the order they were made.
/// </summary>
public interface IJournal : IAsyncDisposable
{
    /// <summary>
    /// Appends the events at <paramref name="expectedHead"/> + 1 …, all or nothing, and completes when they are durable.
    /// A conflict or failure breaks the chain: appends of it that are already queued fail too (<see cref="AppendResult.Broken"/>), so that nothing is
    /// stored on a foundation that was refused. Appends of other logs in the same group are not touched.
    /// </summary>
    /// <param name="expectedHead">Seq of the log's last event as the caller knows it; 0 for an empty log.</param>
    /// <exception cref="JournalUnavailableException">The database did not confirm: the events may be stored or not. The chain is broken.</exception>
    /// <remarks>What comes after it is run by the thread that completes all of a group, so it must not block.</remarks>
    ValueTask<AppendResult> AppendAsync(AppendChain chain, long expectedHead, IReadOnlyList<SessionEvent> events);

    /// <summary>Events with seq above <paramref name="afterSeq"/>, in order, at most <paramref name="limit"/>.</summary>
    /// <exception cref="JournalUnavailableException" />
    ValueTask<IReadOnlyList<StoredEvent>> ReadAsync(string log, long afterSeq, int limit, CancellationToken cancellation);

    /// <summary>Seqs of the logs' last events in the logs' order, 0 where a log has none.</summary>
    /// <exception cref="JournalUnavailableException" />
    ValueTask<IReadOnlyList<long>> ReadHeadsAsync(IReadOnlyList<string> logs, CancellationToken cancellation);

    /// <summary>
    /// Events of all logs with ordering above <paramref name="afterOrdering"/>, in that order, at most <paramref name="limit"/>. Never steps over
    /// an event that a transaction still running may yet commit below one that is returned.
    /// </summary>
    /// <exception cref="JournalUnavailableException" />
    ValueTask<IReadOnlyList<StoredEvent>> ReadAllAsync(long afterOrdering, int limit, CancellationToken cancellation);

    /// <summary>Ordering of the newest committed event of all logs; 0 where there is none.</summary>
    /// <exception cref="JournalUnavailableException" />
    ValueTask<long> ReadLastOrderingAsync(CancellationToken cancellation);

    /// <summary>The newest snapshot with seq at most <paramref name="maxSeq"/>, or null.</summary>
    /// <exception cref="JournalUnavailableException" />
    ValueTask<StoredSnapshot?> ReadSnapshotAsync(string log, long maxSeq, CancellationToken cancellation);

    /// <summary>Keeps a snapshot and drops the log's older ones. Losing one loses nothing but time.</summary>
    /// <exception cref="JournalUnavailableException" />
    ValueTask SaveSnapshotAsync(StoredSnapshot snapshot, CancellationToken cancellation);

    /// <summary>Raised after a group of this process has been committed, on the writer's thread: handlers only set a signal.</summary>
    event Action? Committed;
}

/// <summary>One writer's unbroken series of appends to one log. After a break the writer reads the log and begins a new chain.</summary>
public sealed class AppendChain(string log)
{
    public string Log { get; } = log;

    /// <summary>Stands in <c>journal.writer_uuid</c>: tells a writer that lost its connection whether its append was committed.</summary>
    public Guid WriterId { get; } = Guid.CreateVersion7();

    /// <summary>Set by the journal alone, before the failing append completes.</summary>
    public bool IsBroken { get; internal set; }
}

public enum AppendResult
{
    Committed,

    /// <summary>The log's head is not the expected one: another writer was there. Nothing of this append is stored.</summary>
    Conflict,

    /// <summary>An earlier append of the chain failed; this one was not tried.</summary>
    Broken,
}

/// <param name="Ordering">Position over all logs; 0 where it was not read.</param>
/// <param name="Log">Persistence id.</param>
/// <param name="Event">Decoded; null where this version cannot read it (<paramref name="Error"/> says why): only <see cref="IJournal.ReadAllAsync"/> yields such a one, for the projector to set aside.</param>
public sealed record StoredEvent(long Ordering, string Log, long Seq, Guid WriterId, SessionEvent? Event, string? Error = null);

/// <param name="State">Opaque bytes (JSON of the state).</param>
/// <param name="Manifest">Form and version of the bytes, for example <c>session-state/1</c>.</param>
public sealed record StoredSnapshot(string Log, long Seq, DateTimeOffset At, string Manifest, byte[] State);

/// <summary>The database cannot be reached or did not confirm, or it holds what this version cannot read (an <see cref="EventFormatException"/> inside): another node may.</summary>
public sealed class JournalUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
