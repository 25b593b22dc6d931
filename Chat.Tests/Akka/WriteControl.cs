using Akka.Actor.Setup;

namespace Chat.Tests.AkkaEngine;

/// <summary>How the writes and reads of <see cref="ControlledJournal"/> end; a system is started with one.</summary>
internal sealed class WriteControl : Setup
{
    private readonly Lock _gate = new();
    private readonly List<HeldWrite> _held = [];
    private TaskCompletionSource _news = NewSource();
    private Exception? _replayFault;
    private int _replayed;

    /// <summary>Writes wait for the test; else they end at once.</summary>
    public bool IsByHand { get; set; }

    /// <summary>Awaited before a log is read.</summary>
    public Func<Task> BeforeReplay { get; set; } = () => Task.CompletedTask;

    /// <summary>Events that were read from logs.</summary>
    public int Replayed => Volatile.Read(ref _replayed);

    /// <summary>The next reading of a log fails.</summary>
    public void FailNextReplay(Exception fault) => Interlocked.Exchange(ref _replayFault, fault);

    /// <summary>The write of this number, from 0, once it has been asked for.</summary>
    public async Task<HeldWrite> WriteAsync(int number)
    {
        while (true)
        {
            Task news;
            lock (_gate)
            {
                if (number < _held.Count)
                {
                    return _held[number];
                }
                news = _news.Task;
            }
            await news.WaitAsync(TimeSpan.FromSeconds(60));
        }
    }

    public Task<HeldWrite.End> TakeAsync(IReadOnlyList<object> events)
    {
        if (!IsByHand)
        {
            return Task.FromResult(HeldWrite.End.Stored);
        }
        var write = new HeldWrite(events);
        TaskCompletionSource news;
        lock (_gate)
        {
            _held.Add(write);
            (news, _news) = (_news, NewSource());
        }
        news.SetResult();
        return write.Ended;
    }

    public async Task ReplayAsync()
    {
        await BeforeReplay();
        if (Interlocked.Exchange(ref _replayFault, null) is { } fault)
        {
            throw fault;
        }
    }

    public void CountReplayed() => Interlocked.Increment(ref _replayed);

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>A write that is under way until the test ends it.</summary>
internal sealed class HeldWrite(IReadOnlyList<object> events)
{
    private readonly TaskCompletionSource<End> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public enum End
    {
        Stored,

        /// <summary>Nothing is stored; the writer is told that it does not know.</summary>
        LostBefore,

        /// <summary>Stored, and the writer is told that it does not know.</summary>
        LostAfter,

        /// <summary>Not taken, by an answer that says so.</summary>
        Rejected,
    }

    public IReadOnlyList<object> Events => events;

    public Task<End> Ended => _end.Task;

    public void Finish(End end = End.Stored) => _end.SetResult(end);
}
