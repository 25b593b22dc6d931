using Chat.Protocol;

namespace Chat.Actors.Delivery;

/// <summary>Frames of one face that many readers take in one write.</summary>
internal sealed class JoinedFrames
{
    /// <param name="lastSeq">Of the last of them; 0 where they have none.</param>
    public JoinedFrames(IReadOnlyList<Frame> frames, long lastSeq)
    {
        (Count, LastSeq) = (frames.Count, lastSeq);
        if (frames.Count <= 1)
        {
            Bytes = frames.Count == 0 ? default : frames[0].Bytes;
            return;
        }
        var bytes = new byte[frames.Sum(frame => frame.Length)];
        var rest = bytes.AsMemory();
        foreach (var frame in frames)
        {
            frame.Bytes.CopyTo(rest);
            rest = rest[frame.Length..];
        }
        Bytes = bytes;
    }

    public int Count { get; }
    public ReadOnlyMemory<byte> Bytes { get; }
    public long LastSeq { get; }
}
