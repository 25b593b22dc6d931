namespace Chat.Protocol;

/// <summary>How one face writes stored events.</summary>
public abstract class FaceCodec
{
    /// <summary>Faces with a codec.</summary>
    public const int Count = 2;

    /// <summary>Distinct per face, below <see cref="Count"/>: where an event keeps the face's frame.</summary>
    public abstract int Index { get; }

    /// <summary>The event's frame, or null where this face does not show it.</summary>
    /// <param name="previous">Seq of the stored frame before it on this face.</param>
    public abstract Frame? Encode(long seq, long previous, SessionEvent e);

    /// <summary>An answer that has ended, for a reader who saw nothing of its stream.</summary>
    public virtual Frame? EncodeWhole(long seq, long previous, StreamEnded e) => Encode(seq, previous, e);

    /// <summary>The passing event's frame, or null where this face does not show it.</summary>
    public abstract Frame? Encode(PassingEvent e);
}
