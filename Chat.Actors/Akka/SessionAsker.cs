using Akka.Actor;
using Akka.Event;
using Chat.Actors.Runtime;
using Chat.Actors.Sessions;
using Chat.Protocol;

namespace Chat.Actors.AkkaEngine;

/// <summary>
/// Sends this node's commands to their sessions, wherever those are, and sends again what was lost on the way, with a node, or in a session that started anew. Each
/// command has an id, so that a session does it once; a session's commands are acted upon in the order in which they came here.
/// </summary>
internal sealed class SessionAsker : ReceiveActor, IWithTimers
{
    /// <summary>A session that has not answered by then is asked again: longer than a commit that a busy disk holds up.</summary>
    private static readonly TimeSpan ResendAfter = TimeSpan.FromSeconds(2);

    /// <summary>A session acts on what was no longer under way or in its hands than this, or not at all: what it has done before it may have forgotten.</summary>
    public static readonly TimeSpan GoodFor = ResendAfter;

    /// <summary>The caller is told that it was not done in time, though it may yet be. Longer than a cluster takes to do without a dead node.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>What a session does not act on is sent again at the next look and not at once: what keeps it from acting may take a moment, and refuse again.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(200);

    private static readonly Rejected Unavailable = new(ErrorCode.StorageUnavailable, "The session did not answer in time", TimeSpan.FromSeconds(1));

    private static long _last;

    private readonly string _life;
    private readonly AskLanes _lanes;
    private readonly TimeProvider _time;
    private IActorRef _sessions;

    /// <param name="life">Names this node's life in the cluster.</param>
    /// <param name="lanes">What is to be asked. It is this one's as long as it lives.</param>
    /// <param name="sessions">The shard region, or a proxy of it.</param>
    public SessionAsker(string life, AskLanes lanes, IActorRef sessions, TimeProvider time)
    {
        (_life, _lanes, _sessions, _time) = (life, lanes, sessions, time);
        Receive<Look>(_ => TakeAll());
        Receive<SessionAnswer>(Take);
        Receive<LookAgain>(_ => LookAtAll());
        Receive<UseRegion>(use => _sessions = use.Region);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        foreach (var (_, lane) in _lanes.All)
        {
            // What the last life of this node has asked, nobody answers to this one.
            SendAgain(lane);
        }
        Timers.StartPeriodicTimer(nameof(LookAgain), LookAgain.Instance, LookInterval);
    }

    private void TakeAll()
    {
        while (_lanes.TryTake(out var ask))
        {
            var lane = _lanes.Open(ask.Session);
            var pending = new AskLanes.Pending(Interlocked.Increment(ref _last), ask, _time.GetTimestamp());
            lane.Waiting.Add(pending);
            if (lane.Row == 0)
            {
                lane.Row = Interlocked.Increment(ref _last);
            }
            if (!lane.IsRefused)
            {
                Send(lane, pending);
            }
        }
    }

    private void Take(SessionAnswer answer)
    {
        if (_lanes.Find(answer.Session) is not { } lane || lane.Waiting.FindIndex(pending => pending.Number == answer.Number) is var at && at < 0)
        {
            return;
        }
        if (answer.Reply is null && answer.Fault is null)
        {
            lane.IsRefused |= answer.Row == lane.Row;
            return;
        }
        var (_, span, _, reply) = lane.Waiting[at].Ask;
        span?.SetTag(ChatActivity.TraceTag, answer.TraceId);
        Remove(answer.Session, lane, at);
        if (answer.Reply is not null)
        {
            reply.TrySetResult(answer.Reply);
        }
        else
        {
            reply.TrySetException(new SessionFaultException(answer.Fault!));
        }
    }

    private void LookAtAll()
    {
        TakeAll();
        foreach (var (session, lane) in _lanes.All.ToList())
        {
            while (lane.Waiting.Count > 0 && _time.GetElapsedTime(lane.Waiting[0].Since) > Patience)
            {
                lane.Waiting[0].Ask.Reply.TrySetResult(Unavailable);
                Remove(session, lane, 0);
            }
            if (lane.Waiting.Count > 0 && (lane.IsRefused || _time.GetElapsedTime(Math.Max(lane.RowSince, lane.Waiting[0].Since)) > ResendAfter))
            {
                SendAgain(lane);
            }
        }
    }

    private void SendAgain(AskLanes.Lane lane)
    {
        (lane.Row, lane.Next, lane.RowSince, lane.IsRefused) = (Interlocked.Increment(ref _last), 0, _time.GetTimestamp(), false);
        foreach (var pending in lane.Waiting)
        {
            Send(lane, pending);
        }
    }

    private void Send(AskLanes.Lane lane, AskLanes.Pending pending) => _sessions.Tell(
        new SessionAsk(pending.Ask.Session, _life, lane.Row, lane.Next++, _time.GetUtcNow(), pending.Number, pending.Ask.Span?.Id ?? "", pending.Ask.Command));

    private void Remove(SessionId session, AskLanes.Lane lane, int at)
    {
        lane.Waiting.RemoveAt(at);
        _lanes.CountAnswered();
        if (lane.Waiting.Count == 0)
        {
            _lanes.Close(session);
        }
    }

    /// <summary>Something has been posted to the lanes.</summary>
    public sealed class Look
    {
        public static readonly Look Instance = new();
    }

    /// <summary>From now on sessions are asked through this.</summary>
    public sealed record UseRegion(IActorRef Region);

    private sealed class LookAgain
    {
        public static readonly LookAgain Instance = new();
    }
}

/// <summary>Tells askers of what reached no session: one that stopped with commands in its mailbox, on this node.</summary>
internal sealed class LostAsks : ReceiveActor
{
    public LostAsks()
    {
        Receive<DeadLetter>(letter => letter.Sender.Tell(SessionAnswer.NotDone((SessionAsk)letter.Message)), letter => letter.Message is SessionAsk);
        Receive<DeadLetter>(_ => { });
    }

    protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(DeadLetter));

    protected override void PostStop() => Context.System.EventStream.Unsubscribe(Self);
}

/// <summary>A session failed on a command; the node that it is on has logged why.</summary>
public sealed class SessionFaultException(string message) : Exception(message);
