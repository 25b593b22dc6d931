using Chat.Protocol;

namespace Chat.Actors.Delivery;

/// <summary>Events that a hub offers at once. Their frames stand in one piece of memory for each face, shared by all readers who take them in one write.</summary>
/// <remarks>One thread at a time.</remarks>
internal sealed class EventBatch
{
    private readonly JoinedFrames?[] _frames = new JoinedFrames?[FaceCodec.Count];

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

    public JoinedFrames FramesFor(FaceCodec face)
    {
        if (face.Index >= _frames.Length)
        {
            // The first reader of a face has come since.
            return Join(face);
        }
        return _frames[face.Index] ??= Join(face);
    }

    private JoinedFrames Join(FaceCodec face)
    {
        var (frames, lastSeq) = (new List<Frame>(Events.Count), 0L);
        foreach (var e in Events)
        {
            if (e.FrameFor(face) is { } frame)
            {
                frames.Add(frame);
                lastSeq = e.Seq;
            }
        }
        return new JoinedFrames(frames, lastSeq);
    }
}
