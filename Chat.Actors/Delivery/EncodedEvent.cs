using Chat.Protocol;

namespace Chat.Actors.Delivery;

/// <summary>A durable event on its way to readers, with its frame for each face made at most once and shared by all of them.</summary>
/// <param name="seq">Its seq in the log.</param>
/// <param name="previous">Seq of the stored event before it that the native face shows; 0 for none.</param>
public sealed class EncodedEvent(long seq, long previous, SessionEvent e)
{
    private Frame?[]? _frames;

    public long Seq { get; } = seq;
    public long Previous { get; } = previous;
    public SessionEvent Event { get; } = e;

    /// <summary>The finished frame, or null where the face does not show the event. Called by one thread at a time per event.</summary>
    public Frame? FrameFor(FaceCodec face)
    {
        if (face.NewestOnly)
        {
            return face.Encode(Seq, Previous, Event);
        }
        var frames = _frames ??= new Frame?[FaceCodec.Count];
        if (face.Index >= frames.Length)
        {
            // The first reader of a face has come since.
            Array.Resize(ref _frames, FaceCodec.Count);
            frames = _frames;
        }
        return frames[face.Index] ??= face.Encode(Seq, Previous, Event);
    }
}
