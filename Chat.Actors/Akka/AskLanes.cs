using System.Collections.Concurrent;
using System.Diagnostics;
using Chat.Actors.Sessions;
using Chat.Protocol;

namespace Chat.Actors.AkkaEngine;

/// <summary>
/// Commands of this node that are not answered, each session's in the order in which they came. They outlive the actor that asks for them: where the node begins a new life in
/// the cluster, the next one goes on with them.
/// </summary>
internal sealed class AskLanes
{
    /// <summary>Commands that may wait: as many as fill some seconds of a busy node.</summary>
    private const int Capacity = 20_000;

    private readonly Lock _gate = new();
    private readonly ConcurrentQueue<Ask> _inbox = new();
    private readonly Dictionary<SessionId, Lane> _lanes = [];
    private int _waiting;
    private Rejected? _last;

    /// <summary>Null where it is taken; else what it is answered: too many wait, or nobody asks any more.</summary>
    public Rejected? Post(Ask ask)
    {
        lock (_gate)
        {
            if (_last is not null || _waiting >= Capacity)
            {
                return _last ?? SessionActors.Overloaded;
            }
            _waiting++;
            _inbox.Enqueue(ask);
            return null;
        }
    }

    public void CountAnswered()
    {
        lock (_gate)
        {
            _waiting--;
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

    /// <summary>Nothing more is taken: this is the answer to what comes. Returns when what waits has been answered, or the time is over.</summary>
    public async Task CloseAsync(Rejected last, TimeSpan patience, TimeProvider time)
    {
        lock (_gate)
        {
            _last = last;
        }
        var since = time.GetTimestamp();
        while (Volatile.Read(ref _waiting) > 0 && time.GetElapsedTime(since) < patience)
        {
            await Task.Delay(10).ConfigureAwait(false);
        }
    }

    /// <summary>When no asker is there any more: what waits still is answered by this too.</summary>
    public void End(Rejected last)
    {
        lock (_gate)
        {
            _last = last;
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
