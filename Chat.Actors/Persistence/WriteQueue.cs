using Chat.Actors.Runtime;
using Microsoft.Extensions.Logging;

namespace Chat.Actors.Persistence;

/// <summary>
/// Writes of all sessions on their way to the one writer, which takes whatever has gathered while it was committing. Nothing waits in
/// it, or in the group that was taken last, for longer than the time-out.
/// </summary>
internal sealed partial class WriteQueue : IDisposable
{
    /// <summary>How long a commit is put off for more to come, where all that wait for it are patient.</summary>
    private static readonly TimeSpan Leisure = TimeSpan.FromMilliseconds(3);

    private readonly Lock gate = new();
    private readonly Queue<PendingWrite> gathering = new();

    /// <summary>For a writer with a thread of its own. No semaphore: it would spin, in vain, before each of the many short waits between two commits.</summary>
    private readonly AutoResetEvent arrivedForThread = new(false);

    private readonly AsyncSignal arrivedForTask = new();
    private readonly JournalOptions options;
    private readonly TimeProvider time;
    private readonly Action committed;
    private readonly ILogger logger;
    private readonly ITimer watch;
    private List<PendingWrite> taken = [];

    /// <summary>Of those that gather, how many are not patient.</summary>
    private int hasty;

    private readonly AsyncSignal answered = new();
    private int answering;
    private bool closed;

    /// <param name="committed">Called on the writer's thread after each group that stored an event.</param>
    public WriteQueue(JournalOptions options, TimeProvider time, Action committed, ILogger logger)
    {
        this.options = options;
        this.time = time;
        this.committed = committed;
        this.logger = logger;
        var period = options.AppendTimeout / 4;
        watch = time.CreateTimer(static queue => ((WriteQueue)queue!).FailOverdue(), this, period, period);
    }

    public void Add(PendingWrite write)
    {
        if (!TryAdd(write, out var wakes))
        {
            write.Fail("The journal is closed", null);
        }
        else if (wakes)
        {
            Wake();
        }
    }

    /// <summary>The next group, waiting for one; null once the queue is closed and empty. The list is the writer's until it asks again.</summary>
    public List<PendingWrite>? Take()
    {
        var isDue = false;
        while (true)
        {
            if (TryTake(isDue, out var group))
            {
                return group;
            }
            isDue = !arrivedForThread.WaitOne(group is null ? Timeout.InfiniteTimeSpan : Leisure);
        }
    }

    /// <summary>As <see cref="Take"/>, but puts nothing off: a database over a network gathers more as it is.</summary>
    public async ValueTask<List<PendingWrite>?> TakeAsync()
    {
        while (true)
        {
            if (TryTake(isDue: true, out var group))
            {
                return group;
            }
            await arrivedForTask.WaitAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The writer has committed the group. Those who wait for it are told one after the other by another thread, so that the next commit does not wait for what they do.</summary>
    public void Announce(List<PendingWrite> group)
    {
        var ended = group.FindAll(write => write.TryComplete());
        Interlocked.Increment(ref answering);
        ThreadPool.UnsafeQueueUserWorkItem(static of => of.Queue.Answer(of.Ended), (Queue: this, Ended: ended), preferLocal: false);
        if (!group.Exists(write => write is PendingAppend { Result: AppendResult.Committed }))
        {
            return;
        }
        try
        {
            committed();
        }
        catch (Exception e)
        {
            LogHandlerFailed(logger, e);
        }
    }

    /// <summary>Completes when everyone has been told of what the writer has committed so far.</summary>
    public async ValueTask WhenAnsweredAsync()
    {
        while (Volatile.Read(ref answering) > 0)
        {
            await answered.WaitAsync().ConfigureAwait(false);
        }
    }

    /// <summary>What is queued is still taken; nothing more is accepted.</summary>
    public void Close()
    {
        lock (gate)
        {
            if (closed)
            {
                return;
            }
            closed = true;
        }
        Wake();
    }

    public void Dispose()
    {
        watch.Dispose();
        arrivedForThread.Dispose();
    }

    private void Answer(List<PendingWrite> ended)
    {
        ended.ForEach(static write => write.Answer());
        if (Interlocked.Decrement(ref answering) == 0)
        {
            answered.Set();
        }
    }

    private void Wake()
    {
        arrivedForThread.Set();
        arrivedForTask.Set();
    }

    private bool TryAdd(PendingWrite write, out bool wakes)
    {
        lock (gate)
        {
            wakes = gathering.Count == 0 || hasty == 0 && !write.IsPatient;
            if (!closed)
            {
                gathering.Enqueue(write);
                hasty += write.IsPatient ? 0 : 1;
            }
            return !closed;
        }
    }

    /// <param name="isDue">Those who are patient have waited.</param>
    /// <param name="group">Empty where only patient ones wait; null where there are none.</param>
    /// <returns>Whether the wait is over: with a group, or with null at the end.</returns>
    private bool TryTake(bool isDue, out List<PendingWrite>? group)
    {
        lock (gate)
        {
            if (gathering.Count == 0)
            {
                group = null;
                taken = [];
                return closed;
            }
            if (hasty == 0 && !isDue && !closed)
            {
                group = taken = [];
                return false;
            }
            group = new List<PendingWrite>(Math.Min(gathering.Count, options.GroupAppends));
            long bytes = 0;
            while (group.Count < options.GroupAppends && gathering.TryPeek(out var next) && (group.Count == 0 || bytes + next.Bytes <= options.GroupBytes))
            {
                group.Add(gathering.Dequeue());
                bytes += next.Bytes;
                hasty -= next.IsPatient ? 0 : 1;
            }
            taken = group;
            ChatMetrics.GroupSize.Record(group.Count);
            return true;
        }
    }

    private void FailOverdue()
    {
        List<PendingWrite> overdue;
        lock (gate)
        {
            overdue = [.. taken.Concat(gathering).Where(write => time.GetElapsedTime(write.EnqueuedAt) > options.AppendTimeout)];
        }
        foreach (var write in overdue)
        {
            write.Fail($"No commit within {options.AppendTimeout.TotalSeconds:0.#} s", null);
        }
    }

    [LoggerMessage(2002, LogLevel.Error, "A handler of the journal's commits failed")]
    private static partial void LogHandlerFailed(ILogger logger, Exception cause);
}
