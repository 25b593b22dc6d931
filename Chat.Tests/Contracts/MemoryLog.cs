using Chat.Actors.Persistence;
using Chat.Protocol;

namespace Chat.Tests.Contracts;

/// <summary>A log without a database, which can be held up, fail, and hold what no version can read.</summary>
internal sealed class MemoryLog : IJournal
{
    private readonly Lock _gate = new();
    private readonly List<StoredEvent> _events = [];
    private readonly Dictionary<string, long> _heads = [];
    private long _skipped;
    private TaskCompletionSource _open = new();

    public MemoryLog() => _open.SetResult();

    public event Action? Committed;

    /// <summary>What reading does before it answers: the tests' place to fail it.</summary>
    public Action BeforeRead { get; set; } = () => { };

    public long Last
    {
        get
        {
            lock (_gate)
            {
                return _events.Count == 0 ? 0 : _events[^1].Ordering;
            }
        }
    }

    public StoredEvent Add(string log, SessionEvent? e, string? error = null)
    {
        StoredEvent stored;
        lock (_gate)
        {
            var seq = _heads[log] = _heads.GetValueOrDefault(log) + 1;
            // Orderings have gaps wherever an insert was rolled back.
            stored = new StoredEvent(Last + 1 + (_events.Count % 3) + _skipped, log, seq, Guid.Empty, e, error);
            _skipped = 0;
            _events.Add(stored);
        }
        Committed?.Invoke();
        return stored;
    }

    /// <summary>So many orderings are no event's.</summary>
    public void Skip(long orderings) => _skipped = orderings;

    /// <summary>Readers wait until <see cref="Release"/>.</summary>
    public void Hold() => _open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Release() => _open.SetResult();

    public async ValueTask<IReadOnlyList<StoredEvent>> ReadAllAsync(long afterOrdering, int limit, CancellationToken cancellation)
    {
        await _open.Task.WaitAsync(cancellation);
        BeforeRead();
        lock (_gate)
        {
            var first = _events.FindLastIndex(e => e.Ordering <= afterOrdering) + 1;
            return _events.GetRange(first, Math.Min(limit, _events.Count - first));
        }
    }

    public ValueTask<long> ReadLastOrderingAsync(CancellationToken cancellation) => new(Last);

    public ValueTask<AppendResult> AppendAsync(AppendChain chain, long expectedHead, IReadOnlyList<SessionEvent> events) => throw new NotSupportedException();

    public ValueTask<IReadOnlyList<StoredEvent>> ReadAsync(string log, long afterSeq, int limit, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask<IReadOnlyList<long>> ReadHeadsAsync(IReadOnlyList<string> logs, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask<StoredSnapshot?> ReadSnapshotAsync(string log, long maxSeq, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask SaveSnapshotAsync(StoredSnapshot snapshot, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
