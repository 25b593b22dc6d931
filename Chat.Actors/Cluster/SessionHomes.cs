using Chat.Actors.Sessions;
using Chat.Protocol;

namespace Chat.Actors.Cluster;

/// <summary>
/// Takes commands to the sessions' homes. When a home does not answer, this node acts itself, at once: the journal refuses whoever is behind, and a command
/// that was carried out there after all is known by its ids. What one home has been sent is acted upon in the order in which it was sent.
/// </summary>
public sealed class SessionHomes(INodeRegistry registry, NodeAsks asks, Func<SessionId, SessionCommand, ValueTask<Reply>> actHere, SessionHomesOptions options, TimeProvider time)
{
    private readonly Dictionary<string, Home> _homes = new(StringComparer.Ordinal);

    /// <summary>Null where this node is to act.</summary>
    public ValueTask<Reply>? TryAsk(SessionId session, SessionCommand command)
    {
        var node = registry.HomeOf(session);
        if (node == registry.Self)
        {
            return null;
        }
        var home = HomeOf(node);
        lock (home)
        {
            if (home.AwayUntil is { } until && time.GetElapsedTime(0, time.GetTimestamp()) < until)
            {
                return null;
            }
            home.AwayUntil = null;
            var (number, answer) = asks.Ask(node, session, command);
            var pending = new Pending(session, command, number);
            home.Waiting.Add(pending);
            return new ValueTask<Reply>(WaitAsync(home, pending, answer));
        }
    }

    private async Task<Reply> WaitAsync(Home home, Pending pending, Task<Reply?> answer)
    {
        Reply? reply = null;
        try
        {
            reply = await answer.WaitAsync(options.AskTimeout, time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            asks.Forget(pending.Number);
        }
        if (reply is not null)
        {
            lock (home)
            {
                home.Waiting.Remove(pending);
            }
            return reply;
        }
        return await TakeBackAsync(home, pending).ConfigureAwait(false);
    }

    /// <summary>The home is taken for away: all that waits for it is acted upon here, in its order.</summary>
    private async ValueTask<Reply> TakeBackAsync(Home home, Pending pending)
    {
        lock (home)
        {
            if (pending.TakenBack is null)
            {
                home.AwayUntil = time.GetElapsedTime(0, time.GetTimestamp()) + options.AwayFor;
                foreach (var waiting in home.Waiting)
                {
                    waiting.TakenBack = actHere(waiting.Session, waiting.Command).AsTask();
                    asks.Forget(waiting.Number);
                }
                home.Waiting.Clear();
            }
        }
        return await pending.TakenBack!.ConfigureAwait(false);
    }

    private Home HomeOf(string node)
    {
        lock (_homes)
        {
            if (!_homes.TryGetValue(node, out var home))
            {
                // Names differ from start to start: those that are gone are let go.
                foreach (var gone in _homes.Keys.Except(registry.Nodes.Select(n => n.Name)).ToList())
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
        public List<Pending> Waiting { get; } = [];

        public TimeSpan? AwayUntil { get; set; }
    }

    private sealed class Pending(SessionId session, SessionCommand command, long number)
    {
        public SessionId Session { get; } = session;
        public SessionCommand Command { get; } = command;
        public long Number { get; } = number;
        public Task<Reply>? TakenBack { get; set; }
    }
}

public sealed record SessionHomesOptions
{
    /// <summary>A home that has not answered a command by then is taken for away.</summary>
    public TimeSpan AskTimeout { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>For so long this node acts itself before it asks that home again.</summary>
    public TimeSpan AwayFor { get; init; } = TimeSpan.FromSeconds(2);
}
