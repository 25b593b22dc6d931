using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Chat.Actors.Sessions;
using Chat.Protocol;

namespace Chat.Actors.Cluster;

/// <summary>
/// Takes commands to the sessions' homes. When a home does not answer, this node acts itself, at once: the journal refuses whoever is behind, and a command
/// that was carried out there after all is known by its ids. A session's commands are acted upon in the order in which they come here, also when its home changes.
/// </summary>
/// <param name="here">This node's own. It is closed with this.</param>
public sealed class SessionHomes(INodeRegistry registry, NodeAsks asks, SessionActors here, SessionHomesOptions options, TimeProvider time) : ISessionEngine
{
    private readonly string _ids = RandomNumberGenerator.GetHexString(10, lowercase: true);
    private readonly Dictionary<string, Home> _homes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<SessionId, Lane> _lanes = new();
    private long _lastId;

    public (int Loaded, int Homed) Count() => (here.Count().Loaded, here.LoadedIds.Count(session => registry.HomeOf(session) == registry.Self));

    public ValueTask<SessionView?> ReadAsync(SessionId session, CancellationToken cancellation = default) => here.ReadAsync(session, cancellation);

    /// <summary>Where no other node answers, this one acts.</summary>
    public bool IsUp => true;

    /// <summary>The registry tells the others that nothing is at home here any more.</summary>
    public Task DrainAsync() => here.DrainAsync();

    public ValueTask DisposeAsync() => here.DisposeAsync();

    public ValueTask<Reply> ActAsync(SessionId session, SessionCommand command, CancellationToken cancellation = default)
    {
        var reply = AskAsync(session, command);
        return cancellation.CanBeCanceled && !reply.IsCompleted ? new ValueTask<Reply>(reply.AsTask().WaitAsync(cancellation)) : reply;
    }

    /// <summary>Handed over when it returns, or held until what came before it to another place is answered.</summary>
    private ValueTask<Reply> AskAsync(SessionId session, SessionCommand command)
    {
        while (true)
        {
            var lane = _lanes.GetOrAdd(session, static _ => new Lane());
            lock (lane)
            {
                if (lane.IsOver)
                {
                    continue;
                }
                var place = PlaceOf(session);
                if (lane.Held.Count > 0 || lane.UnderWay > 0 && lane.Place != place)
                {
                    var held = new Held(command);
                    lane.Held.Enqueue(held);
                    return new ValueTask<Reply>(held.Reply.Task.Unwrap());
                }
                lane.Place = place;
                lane.UnderWay++;
                return new ValueTask<Reply>(PassAsync(lane, session, command));
            }
        }
    }

    private async Task<Reply> PassAsync(Lane lane, SessionId session, SessionCommand command)
    {
        try
        {
            return await SendAsync(lane, session, command).ConfigureAwait(false);
        }
        finally
        {
            Leave(lane, session);
        }
    }

    /// <summary>Lets what was held go to where the session's home is now, once nothing is under way to where it was.</summary>
    private void Leave(Lane lane, SessionId session)
    {
        lock (lane)
        {
            if (--lane.UnderWay > 0)
            {
                return;
            }
            if (lane.Held.Count == 0)
            {
                lane.IsOver = _lanes.TryRemove(KeyValuePair.Create(session, lane));
                return;
            }
            lane.Place = PlaceOf(session);
            var held = lane.Held.ToArray();
            lane.Held.Clear();
            lane.UnderWay += held.Length;
            foreach (var next in held)
            {
                next.Reply.SetResult(PassAsync(lane, session, next.Command));
            }
        }
    }

    private ValueTask<Reply> SendAsync(Lane lane, SessionId session, SessionCommand command)
    {
        if (lane.Place == registry.Self)
        {
            return here.ActAsync(session, command);
        }
        var home = HomeOf(lane.Place);
        lock (home)
        {
            if (IsAway(home))
            {
                lane.Place = registry.Self;
                return here.ActAsync(session, command);
            }
            if (home.Next == 0)
            {
                home.Row = asks.NewRow();
            }
            var named = command with { CommandId = _ids + Interlocked.Increment(ref _lastId).ToString("x", CultureInfo.InvariantCulture) };
            var (number, answer) = asks.Ask(lane.Place, home.Row, home.Next++, session, named);
            var pending = new Pending(lane, session, named, number);
            return new ValueTask<Reply>(WaitAsync(home, home.Waiting.AddLast(pending), answer));
        }
    }

    private async Task<Reply> WaitAsync(Home home, LinkedListNode<Pending> place, Task<Reply?> answer)
    {
        Reply? reply = null;
        try
        {
            reply = await answer.WaitAsync(options.AskTimeout, time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            asks.Forget(place.Value.Number);
        }
        lock (home)
        {
            if (place.Value.TakenBack is null && reply is not null)
            {
                home.Waiting.Remove(place);
                return reply;
            }
            if (place.Value.TakenBack is null)
            {
                TakeBack(home);
            }
        }
        return await place.Value.TakenBack!.ConfigureAwait(false);
    }

    /// <summary>The home is taken for away: all that waits for it is acted upon here, in its order.</summary>
    private void TakeBack(Home home)
    {
        home.AwayUntil = Now + options.AwayFor;
        home.Next = 0;
        foreach (var waiting in home.Waiting)
        {
            waiting.Lane.Place = registry.Self;
            waiting.TakenBack = here.ActAsync(waiting.Session, waiting.Command).AsTask();
            asks.Forget(waiting.Number);
        }
        home.Waiting.Clear();
    }

    /// <summary>This node itself where the home is away.</summary>
    private string PlaceOf(SessionId session)
    {
        var node = registry.HomeOf(session);
        if (node == registry.Self)
        {
            return node;
        }
        var home = HomeOf(node);
        lock (home)
        {
            return IsAway(home) ? registry.Self : node;
        }
    }

    private bool IsAway(Home home) => home.AwayUntil is { } until && Now < until;

    private TimeSpan Now => time.GetElapsedTime(0, time.GetTimestamp());

    private Home HomeOf(string node)
    {
        lock (_homes)
        {
            if (!_homes.TryGetValue(node, out var home))
            {
                // Names differ from start to start: those that are gone are let go.
                foreach (var gone in _homes.Keys.Except(registry.Nodes.Select(n => n.Name)).Where(name => _homes[name].Waiting.Count == 0).ToList())
                {
                    _homes.Remove(gone);
                }
                _homes[node] = home = new Home();
            }
            return home;
        }
    }

    private sealed class Home
    {
        /// <summary>In the order of sending.</summary>
        public LinkedList<Pending> Waiting { get; } = [];

        public TimeSpan? AwayUntil { get; set; }
        public long Row { get; set; }

        /// <summary>Place in the row; 0 begins a new one.</summary>
        public long Next { get; set; }
    }

    private sealed class Pending(Lane lane, SessionId session, SessionCommand command, long number)
    {
        public Lane Lane { get; } = lane;
        public SessionId Session { get; } = session;
        public SessionCommand Command { get; } = command;
        public long Number { get; } = number;
        public Task<Reply>? TakenBack { get; set; }
    }

    /// <summary>One session's commands that came here and are not answered. All that are under way are at one place.</summary>
    private sealed class Lane
    {
        public string Place { get; set; } = "";
        public int UnderWay { get; set; }
        public Queue<Held> Held { get; } = [];
        public bool IsOver { get; set; }
    }

    private sealed class Held(SessionCommand command)
    {
        public SessionCommand Command { get; } = command;
        public TaskCompletionSource<Task<Reply>> Reply { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

public sealed record SessionHomesOptions
{
    /// <summary>A home that has not answered a command by then is taken for away.</summary>
    public TimeSpan AskTimeout { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>For so long this node acts itself before it asks that home again.</summary>
    public TimeSpan AwayFor { get; init; } = TimeSpan.FromSeconds(2);
}
