using Chat.Actors.Persistence;
using Chat.Protocol;

namespace Chat.Tests.Support;

/// <summary>A log in memory whose appends end when and how the test says: each by hand, in any order, also long after they were given up.</summary>
internal sealed class HandJournal : IJournal
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<StoredEvent>> _logs = [];
    private readonly Dictionary<string, StoredSnapshot> _snapshots = [];
    private readonly List<Append> _appends = [];
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public event Action? Committed;

    /// <summary>Appends wait for the test; else they are committed at once.</summary>
    public bool IsByHand { get; set; }

    /// <summary>Awaited by every read of a snapshot, which is how a recovery begins.</summary>
    public Func<Task> BeforeRecovery { get; set; } = () => Task.CompletedTask;

    /// <summary>Awaited before a snapshot is kept.</summary>
    public Func<Task> BeforeSnapshot { get; set; } = () => Task.CompletedTask;

    /// <summary>Comes between what a read has found and its answer.</summary>
    public Action AfterRead { get; set; } = () => { };

    /// <summary>The append of this number, from 0, once it has been asked for.</summary>
    public async Task<Append> AppendAsync(int number)
    {
        while (true)
        {
            Task news;
            lock (_gate)
            {
                if (number < _appends.Count)
                {
                    return _appends[number];
                }
                news = _news.Task;
            }
            await news.WaitAsync(TimeSpan.FromSeconds(30));
        }
    }

    public IReadOnlyList<StoredEvent> Log(string log)
    {
        lock (_gate)
        {
            return _logs.TryGetValue(log, out var events) ? [.. events] : [];
        }
    }

    /// <summary>Stores events past every append.</summary>
    public void Add(string log, IReadOnlyList<SessionEvent> events) => Assert.True(new Append(this, new AppendChain(log), Log(log).Count, events).Store());

    public void SetSnapshot(StoredSnapshot snapshot)
    {
        lock (_gate)
        {
            _snapshots[snapshot.Log] = snapshot;
        }
    }

    public ValueTask<AppendResult> AppendAsync(AppendChain chain, long expectedHead, IReadOnlyList<SessionEvent> events)
    {
        var append = new Append(this, chain, expectedHead, [.. events]);
        if (!IsByHand)
        {
            append.Commit();
            return new ValueTask<AppendResult>(append.Answer);
        }
        TaskCompletionSource news;
        lock (_gate)
        {
            _appends.Add(append);
            news = _news;
            _news = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        news.SetResult();
        return new ValueTask<AppendResult>(append.Answer);
    }

    public ValueTask<IReadOnlyList<StoredEvent>> ReadAsync(string log, long afterSeq, int limit, CancellationToken cancellation)
    {
        IReadOnlyList<StoredEvent> page = [.. Log(log).Where(e => e.Seq > afterSeq).Take(limit)];
        AfterRead();
        return new(page);
    }

    public ValueTask<IReadOnlyList<long>> ReadHeadsAsync(IReadOnlyList<string> logs, CancellationToken cancellation) =>
        new([.. logs.Select(log => (long)Log(log).Count)]);

    public async ValueTask<StoredSnapshot?> ReadSnapshotAsync(string log, long maxSeq, CancellationToken cancellation)
    {
        await BeforeRecovery();
        lock (_gate)
        {
            return _snapshots.GetValueOrDefault(log);
        }
    }

    public async ValueTask SaveSnapshotAsync(StoredSnapshot snapshot, CancellationToken cancellation)
    {
        await BeforeSnapshot();
        SetSnapshot(snapshot);
    }

    public ValueTask<IReadOnlyList<StoredEvent>> ReadAllAsync(long afterOrdering, int limit, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask<long> ReadLastOrderingAsync(CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>One append. What waits for its answer goes on within the call that gives it, so that the order of two answers is the test's.</summary>
    public sealed class Append(HandJournal journal, AppendChain chain, long expectedHead, IReadOnlyList<SessionEvent> events)
    {
        private readonly TaskCompletionSource<AppendResult> _answer = new();

        public Task<AppendResult> Answer => _answer.Task;

        public IReadOnlyList<SessionEvent> Events => events;

        /// <summary>Stores it, or refuses it where the log has moved, and says so.</summary>
        public void Commit()
        {
            var result = Store() ? AppendResult.Committed : AppendResult.Conflict;
            _answer.SetResult(result);
            journal.Committed?.Invoke();
        }

        /// <summary>Stores it and says nothing.</summary>
        public bool Store()
        {
            lock (journal._gate)
            {
                if (!journal._logs.TryGetValue(chain.Log, out var log))
                {
                    log = journal._logs[chain.Log] = [];
                }
                if (log.Count != expectedHead)
                {
                    return false;
                }
                log.AddRange(events.Select((e, i) => new StoredEvent(0, chain.Log, expectedHead + 1 + i, chain.WriterId, e)));
                return true;
            }
        }

        public void Say(AppendResult result) => _answer.SetResult(result);

        public void Fail(Exception fault) => _answer.SetException(fault);

        public void TimeOut() => Fail(new JournalUnavailableException("no commit in time"));
    }
}
