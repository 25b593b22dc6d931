using Chat.Protocol;

namespace Chat.Actors.Delivery;

/// <summary>Passing events that a hub shows at once. Those who may see all of them share one piece of memory for each face.</summary>
/// <param name="first">Number of the first among all of the hub's.</param>
/// <remarks>One thread at a time.</remarks>
internal sealed class PassingBatch(IReadOnlyList<PassingEvent> events, long first)
{
    private readonly FaceFrames?[] _faces = new FaceFrames?[FaceCodec.Count];

    /// <summary>Those who are not shown one of them, which is about themselves.</summary>
    private readonly HashSet<string> _own = events.Where(e => !e.ShownToOwn).Select(e => e.Who.UserId).ToHashSet(StringComparer.Ordinal);

    public int Count => events.Count;

    /// <param name="after">Number of the last event that came before the reader.</param>
    public bool IsAllFor(string userId, long after) => after < first && !_own.Contains(userId);

    /// <summary>Of one event, where the reader is shown it.</summary>
    /// <param name="after">Number of the last event that came before the reader.</param>
    public Frame? FrameFor(int index, FaceCodec face, string userId, long after) =>
        first + index > after && (events[index].ShownToOwn || events[index].Who.UserId != userId) ? FacesOf(face).Frames[index] : null;

    public JoinedFrames FramesFor(FaceCodec face) => FacesOf(face).Joined;

    private FaceFrames FacesOf(FaceCodec face) =>
        // The first reader of a face may have come since.
        face.Index >= _faces.Length ? new FaceFrames(events, face) : _faces[face.Index] ??= new FaceFrames(events, face);

    private sealed class FaceFrames
    {
        public FaceFrames(IReadOnlyList<PassingEvent> events, FaceCodec face)
        {
            Frames = [.. events.Select(face.Encode)];
            Joined = new JoinedFrames([.. Frames.OfType<Frame>()], lastSeq: 0);
        }

        /// <summary>In the events' places; null where the face does not show one.</summary>
        public Frame?[] Frames { get; }

        public JoinedFrames Joined { get; }
    }
}
