using Chat.Protocol;

namespace Chat.Actors.Persistence;

/// <summary>What waits for a writer's next commit. The writer and the watch over the time-out may both end it: the first word stands.</summary>
internal abstract class PendingWrite(long enqueuedAt)
{
    private int ended;

    /// <summary>A timestamp of the queue's clock.</summary>
    public long EnqueuedAt { get; } = enqueuedAt;

    public abstract int Bytes { get; }

    /// <summary>Nobody minds some milliseconds, which let more share its commit.</summary>
    public abstract bool IsPatient { get; }

    /// <summary>
    /// After the commit, before the next group: settles how this ended. False where the watch was there first. Those who wait are told by <see cref="Answer"/>.
    /// </summary>
    public abstract bool TryComplete();

    /// <summary>Tells those who wait, and goes on with what they do next on this thread. Once, after the end.</summary>
    public abstract void Answer();

    /// <summary>Ends it and tells those who wait, on another thread.</summary>
    public void Fail(string reason, Exception? cause)
    {
        if (TryEnd())
        {
            OnFailed(new JournalUnavailableException(reason, cause));
            ThreadPool.UnsafeQueueUserWorkItem(static write => write.Answer(), this, preferLocal: false);
        }
    }

    protected abstract void OnFailed(JournalUnavailableException failure);

    protected bool TryEnd() => Interlocked.Exchange(ref ended, 1) == 0;
}

/// <summary>One append, its events already encoded by the caller's thread.</summary>
internal sealed class PendingAppend : PendingWrite
{
    private readonly TaskCompletionSource<AppendResult> source = new();
    private JournalUnavailableException? failure;

    private PendingAppend(AppendChain chain, long expectedHead, (string, byte[])[] rows, int bytes, bool isPatient, long createdTicks, long enqueuedAt) : base(enqueuedAt)
    {
        IsPatient = isPatient;
        Chain = chain;
        ExpectedHead = expectedHead;
        Rows = rows;
        Bytes = bytes;
        CreatedTicks = createdTicks;
    }

    public AppendChain Chain { get; }

    public long ExpectedHead { get; }

    public (string Manifest, byte[] Payload)[] Rows { get; }

    /// <summary><c>journal.created</c>: UTC ticks of 100 ns since year 1, as Akka.Persistence.Sql writes them.</summary>
    public long CreatedTicks { get; }

    public override int Bytes { get; }

    /// <summary>Of the chunks of an answer, which come one by one and many times a second.</summary>
    public override bool IsPatient { get; }

    public AppendResult Result { get; set; }

    public Task<AppendResult> Task => source.Task;

    public static PendingAppend Of(AppendChain chain, long expectedHead, IReadOnlyList<SessionEvent> events, EventCodec codec, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(chain);
        ArgumentNullException.ThrowIfNull(events);
        ArgumentOutOfRangeException.ThrowIfNegative(expectedHead);
        JournalFormat.CheckLog(chain.Log);
        if (events.Count == 0)
        {
            throw new ArgumentException("An append needs an event", nameof(events));
        }
        var rows = new (string Manifest, byte[] Payload)[events.Count];
        var bytes = 0;
        var isPatient = true;
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = codec.Encode(events[i]);
            bytes += rows[i].Payload.Length;
            isPatient &= events[i] is StreamChunk;
        }
        return new PendingAppend(chain, expectedHead, rows, bytes, isPatient, time.GetUtcNow().UtcTicks, time.GetTimestamp());
    }

    public override bool TryComplete()
    {
        if (!TryEnd())
        {
            return false;
        }
        if (Result == AppendResult.Committed && Chain.IsBroken)
        {
            // The watch gave up an append before this one: the caller already goes by what it reads, and must not hear of a success on top.
            failure = new JournalUnavailableException("An earlier append of the chain timed out", null);
        }
        Chain.IsBroken |= Result != AppendResult.Committed;
        return true;
    }

    public override void Answer()
    {
        if (failure is null)
        {
            source.SetResult(Result);
        }
        else
        {
            source.SetException(failure);
        }
    }

    protected override void OnFailed(JournalUnavailableException failure)
    {
        Chain.IsBroken = true;
        this.failure = failure;
    }
}

/// <summary>A snapshot on its way through the one connection that writes.</summary>
internal sealed class PendingSnapshot(StoredSnapshot snapshot, long enqueuedAt) : PendingWrite(enqueuedAt)
{
    private readonly TaskCompletionSource source = new();
    private JournalUnavailableException? failure;

    public StoredSnapshot Snapshot { get; } = snapshot;

    public override int Bytes => Snapshot.State.Length;

    public override bool IsPatient => true;

    public Task Task => source.Task;

    public override bool TryComplete() => TryEnd();

    public override void Answer()
    {
        if (failure is null)
        {
            source.SetResult();
        }
        else
        {
            source.SetException(failure);
        }
    }

    protected override void OnFailed(JournalUnavailableException failure) => this.failure = failure;
}
