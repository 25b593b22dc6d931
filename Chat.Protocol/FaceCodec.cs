namespace Chat.Protocol;

/// <summary>How one face writes events. All readers of one session on one face share one codec, or equal ones, and so its frames.</summary>
public abstract class FaceCodec
{
    private static int _count;

    /// <summary>Distinct per face: where an event keeps the face's frame. From <see cref="NewIndex"/>, once per class.</summary>
    public abstract int Index { get; }

    /// <summary>
    /// Every frame shows all that the ones before it did (seed 002's list), so that a newer one takes the place of one that still waits. Such a codec is one
    /// session's own: it keeps its newest frame, and gives that also for an event that the frame has left behind.
    /// </summary>
    public virtual bool NewestOnly => false;

    /// <summary>Faces that have drawn an index so far.</summary>
    public static int Count => Volatile.Read(ref _count);

    /// <summary>The event's frame, or null where this face does not show it.</summary>
    /// <param name="previous">Seq of the stored frame before it on this face.</param>
    public abstract Frame? Encode(long seq, long previous, SessionEvent e);

    /// <summary>An answer that has ended, for a reader who saw nothing of its stream.</summary>
    public virtual Frame? EncodeWhole(long seq, long previous, StreamEnded e) => Encode(seq, previous, e);

    /// <summary>The passing event's frame, or null where this face does not show it.</summary>
    public virtual Frame? Encode(PassingEvent e) => null;

    /// <summary>Sockets of this face are closed, with 1008, when the session is archived; the others go on reading.</summary>
    public virtual bool EndsWithArchive => false;

    protected static int NewIndex() => Interlocked.Increment(ref _count) - 1;
}
