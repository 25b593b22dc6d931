using Chat.Actors.Runtime;
using Chat.Protocol;

namespace Chat.Actors.Delivery;

/// <summary>
/// One reader's outbound queue. It is either live (the hub fills it, bounded in bytes) or behind (nothing is queued for it; its owner pages
/// from the journal at its own pace). It joins the live stream exactly at its cursor, and one that overflows falls behind again.
/// </summary>
/// <remarks>The hub offers from one thread at a time; the owner takes from one task; replies come from any thread.</remarks>
public sealed class Subscriber
{
    private readonly Lock _gate = new();
    private readonly Queue<Queued> _queue = new();
    private readonly int _queueLimit;
    private readonly Func<SessionEvent, bool>? _filter;
    private readonly AsyncSignal _signal = new();

    /// <summary>The owner has nothing in hand and waits: what is written now overtakes nothing.</summary>
    private bool _isResting;

    /// <summary>How many wait for what the hub is about to offer, and the owner sleeps on: all of the queue, or none of it.</summary>
    private int _held;

    private TaskCompletionSource? _room;
    private int _queuedBytes;
    private int _queuedStored;

    /// <summary>Number of the last passing event that came before the reader was opened.</summary>
    private long _openedAt = long.MaxValue;

    /// <summary>What was queued last, where the newest frame is enough.</summary>
    private Frame? _newest;

    /// <summary>Head of the session in which the reader was found to be allowed; -1 before that.</summary>
    private long _allowedAt = -1;

    /// <summary>Seq of the newest event that ends this reader, and what it is told.</summary>
    private (long Seq, string Reason) _end;

    /// <param name="userId">Whose reader this is: removal from the session closes it.</param>
    /// <param name="queueLimit">Bytes that may wait while live.</param>
    /// <param name="filter">Events that this reader wants at all; null for all.</param>
    public Subscriber(FaceCodec face, string userId, int queueLimit, Func<SessionEvent, bool>? filter = null)
    {
        Face = face;
        // Drawn before any hub knows of this reader: hubs make room for the faces that have drawn theirs.
        _ = face.Index;
        UserId = userId;
        _queueLimit = queueLimit;
        _filter = filter;
    }

    public FaceCodec Face { get; }
    public string UserId { get; }

    /// <summary>Seq up to which everything has been queued or paged.</summary>
    public long Cursor { get; private set; }

    /// <summary>Seq of the last stored frame that was queued or paged: what the next one's <c>prev</c> names.</summary>
    public long LastShown { get; private set; }

    public bool IsLive { get; private set; }

    /// <summary>Has been live since it was last set back: from then on, lagging is the reader's own slowness.</summary>
    public bool WasLive { get; private set; }

    /// <summary>Set once, by whoever ends this reader first.</summary>
    public (int Code, string Reason)? Closing { get; private set; }

    /// <summary>
    /// Writes to the transport at once, on the thread of whoever has the frames, and says whether it did: so the usual delivery crosses no queue and wakes no thread. Called
    /// while the owner rests, under the reader's lock, so it must not block. Null: all frames wait for the owner.
    /// </summary>
    public Func<ReadOnlyMemory<byte>, bool>? WriteNow { get; init; }

    public bool Wants(SessionEvent e) => _filter is null || _filter(e);

    /// <summary>From the hub: durable events. Returns how many frames of them were queued or written.</summary>
    internal int Offer(EventBatch batch)
    {
        lock (_gate)
        {
            if (CanWriteNow && batch.IsPlain && IsLive && Cursor + 1 == batch.First && _filter is null && !Face.NewestOnly)
            {
                var frames = batch.FramesFor(Face);
                if (frames.Count == 0 && _held == 0 || frames.Bytes.Length <= _queueLimit && TryWrite(frames.Bytes))
                {
                    Cursor = batch.Last;
                    LastShown = frames.Count == 0 ? LastShown : frames.LastSeq;
                    return frames.Count;
                }
            }
            var queued = 0;
            foreach (var e in batch.Events)
            {
                queued += Offer(e) ? 1 : 0;
            }
            if (_held > 0)
            {
                // Nothing was written that they could go with.
                _signal.Set();
            }
            return queued;
        }
    }

    /// <summary>From the hub: a durable event. True when a frame of it was queued or written.</summary>
    internal bool Offer(EncodedEvent e)
    {
        lock (_gate)
        {
            if (ReasonToEnd(e.Event) is { } reason)
            {
                _end = (e.Seq, reason);
            }
            try
            {
                return OfferLive(e);
            }
            finally
            {
                // After its frame: one who is shown how it ends reads that before the close.
                CloseIfEnded();
            }
        }
    }

    private bool OfferLive(EncodedEvent e)
    {
        if (!IsLive || e.Seq <= Cursor)
        {
            return false;
        }
        if (e.Seq > Cursor + 1)
        {
            FallBehind();
            return false;
        }
        if (Wants(e.Event) && e.FrameFor(Face) is { } frame)
        {
            if (Face.NewestOnly)
            {
                if (ReferenceEquals(frame, _newest))
                {
                    // Given for an earlier event already, with all that this one changes.
                    Cursor = e.Seq;
                    return false;
                }
                DropStored();
            }
            if (_queuedBytes + frame.Length > _queueLimit && _queue.Count > 0)
            {
                FallBehind();
                ChatMetrics.QueueOverflows.Add(1);
                return false;
            }
            Enqueue(frame, e.Seq);
            _newest = Face.NewestOnly ? frame : null;
            Cursor = LastShown = e.Seq;
            return true;
        }
        Cursor = e.Seq;
        return false;
    }

    /// <summary>From the hub, under its lock: only from here on the reader gets passing events. It listens before it is known whether it may.</summary>
    /// <param name="passed">Number of the hub's newest passing event.</param>
    internal void Open(Frame? first, long passed)
    {
        lock (_gate)
        {
            if (first is not null)
            {
                Enqueue(first, seq: 0);
            }
            _openedAt = passed;
        }
    }

    /// <summary>From the hub: passing events, dropped while the reader has much to read already.</summary>
    internal void Offer(PassingBatch batch)
    {
        lock (_gate)
        {
            if (CanWriteNow && batch.IsAllFor(UserId, _openedAt) && batch.FramesFor(Face) is var frames && (frames.Count == 0 || TryWrite(frames.Bytes)))
            {
                return;
            }
            for (var i = 0; i < batch.Count && _queuedBytes <= _queueLimit / 2; i++)
            {
                if (batch.FrameFor(i, Face, UserId, _openedAt) is { } frame)
                {
                    Enqueue(frame, seq: 0);
                }
            }
        }
    }

    /// <summary>An answer to this reader alone; never dropped.</summary>
    public void Send(Frame frame)
    {
        lock (_gate)
        {
            Enqueue(frame, seq: 0);
        }
    }

    /// <summary>
    /// As <see cref="Send(Frame)"/>, but where the hub has yet to offer the event, the answer waits for it and goes in the same write: one system call for both.
    /// </summary>
    /// <param name="published">Seq of the event that the answer is about, which the hub has published.</param>
    internal void Send(Frame frame, long published)
    {
        lock (_gate)
        {
            if (CanWriteNow && IsLive && Cursor < published)
            {
                _queue.Enqueue(new Queued(frame, Seq: 0));
                _queuedBytes += frame.Length;
                _held++;
                return;
            }
            Enqueue(frame, seq: 0);
        }
    }

    /// <summary>Ends the reader once what is queued has been taken; the first reason stays.</summary>
    public void Close(int code, string reason)
    {
        lock (_gate)
        {
            Closing ??= (code, reason);
            _room?.TrySetResult();
            _signal.Set();
        }
    }

    /// <summary>
    /// Sets the cursor back (or on), behind. Stored frames that still wait are dropped: those above it will be paged.
    /// Reading what is far behind is from here on no slowness of the reader.
    /// </summary>
    /// <param name="head">Of the session as the owner has read it: a removal up to it is over, whenever the hub comes to it.</param>
    public void Rewind(long cursor, long head)
    {
        lock (_gate)
        {
            DropStored();
            _newest = null;
            Cursor = LastShown = cursor;
            WasLive = false;
            FallBehind();
            _allowedAt = head;
            CloseIfEnded();
        }
    }

    /// <summary>Seq up to which everything has been taken or paged: below <see cref="Cursor"/> while stored frames wait.</summary>
    public long TakenUpTo
    {
        get
        {
            lock (_gate)
            {
                return _queuedStored > 0 ? _queue.First(q => q.Seq > 0).Seq - 1 : Cursor;
            }
        }
    }

    /// <summary>Frames wait that come before what would be paged now.</summary>
    internal bool HasStored
    {
        get
        {
            lock (_gate)
            {
                return _queuedStored > 0;
            }
        }
    }

    /// <summary>From the hub: something could not be offered, so it has to be paged.</summary>
    internal void SetBack()
    {
        lock (_gate)
        {
            FallBehind();
        }
    }

    /// <summary>The owner has paged up to this seq, and shown it or not.</summary>
    public void AdvanceTo(long seq, bool shown)
    {
        lock (_gate)
        {
            Cursor = seq;
            LastShown = shown ? seq : LastShown;
        }
    }

    /// <summary>Called under the hub's lock.</summary>
    internal bool GoLive(long published)
    {
        lock (_gate)
        {
            if (published > Cursor)
            {
                return false;
            }
            IsLive = WasLive = true;
            return true;
        }
    }

    /// <summary>Waits until there is something to take, to page or to close. One waiter at a time, who has nothing of what it took left to write.</summary>
    public ValueTask WaitAsync()
    {
        lock (_gate)
        {
            _isResting = true;
        }
        return _signal.WaitAsync();
    }

    /// <summary>Wakes the owner.</summary>
    public void Wake() => _signal.Set();

    /// <summary>Moves waiting frames, oldest first, up to about the given bytes (one frame at least). Returns the bytes moved.</summary>
    public int Take(List<Frame> frames, int maxBytes)
    {
        lock (_gate)
        {
            (_isResting, _held) = (false, 0);
            var bytes = 0;
            while (_queue.TryPeek(out var queued) && (bytes == 0 || bytes + queued.Frame.Length <= maxBytes))
            {
                _queue.Dequeue();
                frames.Add(queued.Frame);
                _queuedStored -= queued.Seq > 0 ? 1 : 0;
                bytes += queued.Frame.Length;
            }
            _queuedBytes -= bytes;
            if (_queue.Count > 0)
            {
                _signal.Set();
            }
            MakeRoom();
            return bytes;
        }
    }

    /// <summary>For whoever makes replies: completes at once unless so many wait that no more should be asked for.</summary>
    public Task WhenRoomAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_queuedBytes <= _queueLimit || Closing is not null)
            {
                return Task.CompletedTask;
            }
            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _room.Task.WaitAsync(cancellation);
        }
    }

    private void Enqueue(Frame frame, long seq)
    {
        if (Closing is not null || CanWriteNow && TryWrite(frame.Bytes))
        {
            return;
        }
        _held = 0;
        _queue.Enqueue(new Queued(frame, seq));
        _queuedBytes += frame.Length;
        _queuedStored += seq > 0 ? 1 : 0;
        _signal.Set();
    }

    private bool CanWriteNow => _isResting && WriteNow is not null && _queue.Count == _held && Closing is null;

    /// <summary>Writes the held ones, and these after them.</summary>
    private bool TryWrite(ReadOnlyMemory<byte> bytes)
    {
        if (_held == 0)
        {
            return WriteNow!(bytes);
        }
        var (together, at) = (new byte[_queuedBytes + bytes.Length], 0);
        foreach (var held in _queue)
        {
            held.Frame.Bytes.CopyTo(together.AsMemory(at));
            at += held.Frame.Length;
        }
        bytes.CopyTo(together.AsMemory(at));
        if (!WriteNow!(together))
        {
            return false;
        }
        _queue.Clear();
        (_held, _queuedBytes) = (0, 0);
        MakeRoom();
        return true;
    }

    private void MakeRoom()
    {
        if (_room is { } room && _queuedBytes <= _queueLimit / 2)
        {
            _room = null;
            room.TrySetResult();
        }
    }

    private void DropStored()
    {
        for (var left = _queuedStored > 0 ? _queue.Count : 0; left > 0; left--)
        {
            var queued = _queue.Dequeue();
            if (queued.Seq == 0)
            {
                _queue.Enqueue(queued);
            }
            else
            {
                _queuedBytes -= queued.Frame.Length;
            }
        }
        _queuedStored = 0;
    }

    private string? ReasonToEnd(SessionEvent e) => e switch
    {
        MemberRemoved removed when removed.UserId == UserId => "Removed from the session",
        SessionArchived when Face.EndsWithArchive => "Session closed",
        _ => null,
    };

    private void CloseIfEnded()
    {
        if (_allowedAt >= 0 && _end.Seq > _allowedAt)
        {
            Close(CloseCode.Refused, _end.Reason);
        }
    }

    private void FallBehind()
    {
        IsLive = false;
        _signal.Set();
    }

    private readonly record struct Queued(Frame Frame, long Seq);
}
