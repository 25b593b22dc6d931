using System.Collections.Concurrent;
using System.Diagnostics;
using Chat.Protocol;

namespace Chat.Actors.AkkaEngine;

/// <summary>
/// Commands of this node that are not answered, each session's in the order in which they came. They outlive the actor that asks for them: where the node begins a new life in
/// the cluster, the next one goes on with them.
/// </summary>
internal sealed class AskLanes
{
    private readonly Lock _gate = new();
    private readonly ConcurrentQueue<Ask> _inbox = new();
    private readonly Dictionary<SessionId, Lane> _lanes = [];
    private bool _isOver;

    /// <summary>False after the end: nobody asks any more.</summary>
    public bool TryPost(Ask ask)
    {
        lock (_gate)
        {
            if (!_isOver)
            {
                _inbox.Enqueue(ask);
            }
            return !_isOver;
        }
    }

    /// <summary>The asker's alone, as are the lanes.</summary>
    public bool TryTake(out Ask ask) => _inbox.TryDequeue(out ask!);

    public IReadOnlyCollection<KeyValuePair<SessionId, Lane>> All => _lanes;

    public Lane? Find(SessionId session) => _lanes.GetValueOrDefault(session);

    public Lane Open(SessionId session)
    {
        if (!_lanes.TryGetValue(session, out var lane))
        {
            _lanes[session] = lane = new Lane();
        }
        return lane;
    }

    public void Close(SessionId session) => _lanes.Remove(session);

    /// <summary>When no asker is there any more: what waits is answered by this.</summary>
    public void End(Reply last)
    {
        lock (_gate)
        {
            _isOver = true;
        }
        foreach (var ask in _lanes.Values.SelectMany(lane => lane.Waiting).Select(pending => pending.Ask).Concat(_inbox))
        {
            ask.Reply.TrySetResult(last);
        }
    }

    /// <param name="Span">Null while nobody traces.</param>
    /// <param name="Command">With an id.</param>
    /// <param name="Reply">Completed with a rejection where nothing comes in time; failed by a fault of the session's.</param>
    public sealed record Ask(SessionId Session, Activity? Span, SessionCommand Command, TaskCompletionSource<Reply> Reply);

    /// <param name="Since">Timestamp of its coming.</param>
    public sealed record Pending(long Number, Ask Ask, long Since);

    /// <summary>One session's.</summary>
    public sealed class Lane
    {
        public List<Pending> Waiting { get; } = [];

        /// <summary>Of the asks that are under way; 0 where none has been sent in it.</summary>
        public long Row { get; set; }

        /// <summary>Place in the row.</summary>
        public long Next { get; set; }

        public long RowSince { get; set; }

        /// <summary>The session acts on nothing more of the row: what waits is sent again, in a new one.</summary>
        public bool IsRefused { get; set; }
    }
}
