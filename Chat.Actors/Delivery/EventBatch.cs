using Chat.Protocol;

namespace Chat.Actors.Delivery;

/// <summary>Events that a hub offers at once. Their frames stand in one piece of memory for each face, shared by all readers who take them in one write.</summary>
/// <remarks>One thread at a time.</remarks>
internal sealed class EventBatch
{
    private readonly Frames?[] _frames = new Frames?[FaceCodec.Count];

    public EventBatch(IReadOnlyList<EncodedEvent> events)
    {
        Events = events;
        IsPlain = true;
        for (var i = 0; i < events.Count && IsPlain; i++)
        {
            IsPlain = events[i].Seq == First + i && events[i].Event is not (MemberRemoved or SessionArchived);
        }
    }

    public IReadOnlyList<EncodedEvent> Events { get; }
    public long First => Events[0].Seq;
    public long Last => Events[^1].Seq;

    /// <summary>Without a hole, and with nothing that may end a reader.</summary>
    public bool IsPlain { get; }

    public Frames FramesFor(FaceCodec face)
    {
        if (face.Index >= _frames.Length)
        {
            // The first reader of a face has come since.
            return Join(face);
        }
        return _frames[face.Index] ??= Join(face);
    }

    private Frames Join(FaceCodec face)
    {
        var (count, length, lastSeq) = (0, 0, 0L);
        Frame? last = null;
        foreach (var e in Events)
        {
            if (e.FrameFor(face) is { } frame)
            {
                (count, length, lastSeq, last) = (count + 1, length + frame.Length, e.Seq, frame);
            }
        }
        if (count <= 1)
        {
            return new Frames(count, last?.Bytes ?? default, lastSeq);
        }
        var bytes = new byte[length];
        var rest = bytes.AsMemory();
        foreach (var e in Events)
        {
            if (e.FrameFor(face) is { } frame)
            {
                frame.Bytes.CopyTo(rest);
                rest = rest[frame.Length..];
            }
        }
        return new Frames(count, bytes, lastSeq);
    }

    /// <param name="LastSeq">Of the last event that has a frame.</param>
    public sealed record Frames(int Count, ReadOnlyMemory<byte> Bytes, long LastSeq);
}
