using Chat.Actors.Runtime;

namespace Chat.Actors.Persistence;

/// <summary>
/// Writes of all sessions on their way to the one writer, which takes whatever has gathered while it was committing. Nothing waits in
/// it, or in the group that was taken last, for longer than the time-out.
/// </summary>
internal sealed class WriteQueue : IDisposable
{
    private readonly Lock gate = new();
    private readonly Queue<PendingWrite> gathering = new();

    /// <summary>For a writer with a thread of its own. No semaphore: it would spin, in vain, before each of the many short waits between two commits.</summary>
    private readonly AutoResetEvent arrivedForThread = new(false);

    private readonly AsyncSignal arrivedForTask = new();
    private readonly JournalOptions options;
    private readonly TimeProvider time;
    private readonly ITimer watch;
    private List<PendingWrite> taken = [];
    private bool closed;

    public WriteQueue(JournalOptions options, TimeProvider time)
    {
        this.options = options;
        this.time = time;
        var period = options.AppendTimeout / 4;
        watch = time.CreateTimer(static queue => ((WriteQueue)queue!).FailOverdue(), this, period, period);
    }

    public void Add(PendingWrite write)
    {
        if (!TryAdd(write, out var first))
        {
            write.Fail("The journal is closed", null);
        }
        else if (first)
        {
            Wake();
        }
    }

    /// <summary>The next group, waiting for one; null once the queue is closed and empty. The list is the writer's until it asks again.</summary>
    public List<PendingWrite>? Take()
    {
        while (true)
        {
            if (TryTake(out var group))
            {
                return group;
            }
            arrivedForThread.WaitOne();
        }
    }

    /// <inheritdoc cref="Take"/>
    public async ValueTask<List<PendingWrite>?> TakeAsync()
    {
        while (true)
        {
            if (TryTake(out var group))
            {
                return group;
            }
            await arrivedForTask.WaitAsync().ConfigureAwait(false);
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

    private void Wake()
    {
        arrivedForThread.Set();
        arrivedForTask.Set();
    }

    private bool TryAdd(PendingWrite write, out bool first)
    {
        lock (gate)
        {
            first = gathering.Count == 0;
            if (!closed)
            {
                gathering.Enqueue(write);
            }
            return !closed;
        }
    }

    /// <returns>Whether the wait is over: with a group, or with null at the end.</returns>
    private bool TryTake(out List<PendingWrite>? group)
    {
        lock (gate)
        {
            if (gathering.Count == 0)
            {
                group = null;
                taken = [];
                return closed;
            }
            group = new List<PendingWrite>(Math.Min(gathering.Count, options.GroupAppends));
            long bytes = 0;
            while (group.Count < options.GroupAppends && gathering.TryPeek(out var next) && (group.Count == 0 || bytes + next.Bytes <= options.GroupBytes))
            {
                group.Add(gathering.Dequeue());
                bytes += next.Bytes;
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
}
