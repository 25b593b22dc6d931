using Chat.Protocol;

namespace Chat.Actors.Delivery;

/// <summary>How far each reader of a session is shown to have read: it only rises, and is shown once in <see cref="Presence.ReadInterval"/>.</summary>
/// <param name="showOwn">Shows it here and to the other nodes.</param>
/// <param name="showElsewhere">Shows here what another node has told.</param>
internal sealed class ReadMarks(Action<PassingEvent> showOwn, Action<PassingEvent> showElsewhere, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Mark> _marks = new(StringComparer.Ordinal);

    /// <param name="isOwn">The other nodes do not know it yet.</param>
    public void Set(Person who, long seq, bool isOwn)
    {
        lock (_gate)
        {
            if (!_marks.TryGetValue(who.UserId, out var mark))
            {
                _marks[who.UserId] = mark = new Mark();
            }
            if (mark.Timer is not null)
            {
                mark.IsOwn = seq > mark.Waiting ? isOwn : mark.IsOwn;
                mark.Waiting = Math.Max(mark.Waiting, seq);
            }
            else if (seq > mark.Shown)
            {
                Show(who, mark, seq, isOwn);
            }
        }
    }

    private void ShowWaiting(Person who, Mark mark)
    {
        lock (_gate)
        {
            mark.Timer?.Dispose();
            mark.Timer = null;
            if (mark.Waiting > mark.Shown)
            {
                Show(who, mark, mark.Waiting, mark.IsOwn);
            }
        }
    }

    private void Show(Person who, Mark mark, long seq, bool isOwn)
    {
        mark.Shown = seq;
        mark.Timer = time.CreateTimer(_ => ShowWaiting(who, mark), null, Presence.ReadInterval, Timeout.InfiniteTimeSpan);
        (isOwn ? showOwn : showElsewhere)(new ReadUpTo(who, seq, time.GetUtcNow()));
    }

    /// <summary>Stays after the user has left, for as long as anyone is here: what was shown must not go back.</summary>
    private sealed class Mark
    {
        /// <summary>Runs while an interval does.</summary>
        public ITimer? Timer { get; set; }

        public long Shown { get; set; }

        /// <summary>Seq to be shown when the interval ends, if it is above <see cref="Shown"/>.</summary>
        public long Waiting { get; set; }

        /// <summary>What waits came from here.</summary>
        public bool IsOwn { get; set; }
    }
}
