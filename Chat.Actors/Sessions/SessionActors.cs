using System.Collections.Concurrent;
using System.Diagnostics;
using Chat.Actors.Runtime;
using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>The door to the sessions of this node: wakes a session for its first command and lets it go when it has been idle.</summary>
public sealed class SessionGateway : ISessionGateway, IAsyncDisposable
{
    /// <summary>Names that lead to no session are let go sooner, so that guessing them fills no memory.</summary>
    private static readonly TimeSpan EmptyIdle = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<SessionId, Loaded> _sessions = new();
    private readonly SessionServices _services;
    private readonly ITimer _sweep;
    private bool _closed;

    /// <summary>Answers all that comes after the disposal: nothing was done.</summary>
    private static readonly Rejected Stopping = new(ErrorCode.StorageUnavailable, "The server is stopping", TimeSpan.FromSeconds(1));

    /// <summary>Nothing was done, and another node should not try in this one's place: two that act are slower than one.</summary>
    public static readonly Rejected Overloaded = new(ErrorCode.StorageUnavailable, "The session is overloaded", TimeSpan.FromSeconds(1));

    /// <summary>Set once, before the first command: takes a command to the node that is to act, which may be this one. Null on a node that is alone.</summary>
    public Func<SessionId, SessionCommand, ValueTask<Reply>>? Elsewhere { get; set; }

    public SessionGateway(SessionServices services)
    {
        _services = services;
        var period = TimeSpan.FromSeconds(Math.Clamp(services.PassivateAfter.TotalSeconds / 4, 1, 5));
        _sweep = services.Time.CreateTimer(_ => Sweep(), null, period, period);
    }

    /// <summary>Sessions in memory.</summary>
    public int LoadedCount => _sessions.Count;

    public IReadOnlyCollection<SessionId> LoadedIds => [.. _sessions.Keys];

    public async ValueTask<Reply> AskAsync(SessionId session, SessionCommand command, CancellationToken cancellation = default)
    {
        var reply = (command.Check() ?? _services.RateLimiter?.Take(command)) is { } refused
            ? refused
            : Elsewhere is { } elsewhere
                ? await elsewhere(session, command).AsTask().WaitAsync(cancellation).ConfigureAwait(false)
                : await ActAsync(session, command, cancellation).ConfigureAwait(false);
        if (command is PostMessage)
        {
            Count(reply);
        }
        if (reply is Accepted { Repeat: true })
        {
            // Nothing was sent: who repeats after a reconnect does not pay twice.
            _services.RateLimiter?.GiveBack(command);
        }
        return reply;
    }

    /// <summary>Has this node's actor decide a command that has passed its checks here or on the node that it came to. Calls are handed over in their order.</summary>
    public async ValueTask<Reply> ActAsync(SessionId session, SessionCommand command, CancellationToken cancellation = default)
    {
        using var span = ChatActivity.Source.StartActivity("session.ask");
        span?.SetTag(ChatActivity.SessionTag, session.Value).SetTag("chat.command", command.GetType().Name);
        var ask = new Ask(command, _services.Time.GetTimestamp(), span);
        if (Post(session, ask) is { } overloaded)
        {
            return overloaded;
        }
        var reply = await ask.Reply.WaitAsync(cancellation).ConfigureAwait(false);
        if (reply is Rejected rejected)
        {
            span?.SetTag(ChatMetrics.Code, rejected.Code.Name());
        }
        return reply;
    }

    public async ValueTask<SessionView?> ReadAsync(SessionId session, CancellationToken cancellation = default)
    {
        var read = new Read();
        if (Post(session, read) is { } overloaded)
        {
            throw new Persistence.JournalUnavailableException(overloaded.Text);
        }
        return await read.View.WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Lets every session finish what it has; later commands are refused.</summary>
    public async ValueTask DisposeAsync()
    {
        _closed = true;
        await _sweep.DisposeAsync();
        foreach (var loaded in _sessions.Values)
        {
            loaded.Actor.Stop();
        }
        await Task.WhenAll(_sessions.Values.Select(loaded => loaded.Actor.Completion));
    }

    private static void Count(Reply reply)
    {
        switch (reply)
        {
            case Accepted { Repeat: false }:
                ChatMetrics.MessagesAccepted.Add(1);
                break;
            case Rejected rejected:
                ChatMetrics.MessagesRejected.Add(1, new KeyValuePair<string, object?>(ChatMetrics.Code, rejected.Code.Name()));
                break;
        }
    }

    private Rejected? Post(SessionId session, SessionMessage message)
    {
        while (!_closed)
        {
            var loaded = _sessions.GetOrAdd(session, static (id, services) => new Loaded(id, services), _services);
            loaded.Touch(_services.Time);
            switch (loaded.Actor.TryPost(message))
            {
                case PostResult.Taken:
                    return null;
                case PostResult.Full:
                    return Overloaded;
            }
            // Passivated between the look-up and the post: the next round loads it anew.
            Remove(session, loaded);
        }
        return Stopping;
    }

    private void Sweep()
    {
        foreach (var (id, loaded) in _sessions)
        {
            var idle = loaded.IdleFor(_services.Time);
            if ((idle >= _services.PassivateAfter || idle >= EmptyIdle && loaded.Actor.IsEmpty) && loaded.Actor.TryStopIdle())
            {
                Remove(id, loaded);
            }
        }
    }

    private void Remove(SessionId id, Loaded loaded)
    {
        if (_sessions.TryRemove(KeyValuePair.Create(id, loaded)))
        {
            ChatMetrics.SessionsLoaded.Add(-1);
        }
    }

    private sealed class Loaded
    {
        private readonly Lazy<SessionActor> _actor;
        private long _used;

        // Lazy, because GetOrAdd may make one that it throws away.
        public Loaded(SessionId id, SessionServices services) => _actor = new Lazy<SessionActor>(() =>
        {
            var actor = new SessionActor(id, services);
            actor.Start();
            ChatMetrics.SessionsLoaded.Add(1);
            return actor;
        });

        public SessionActor Actor => _actor.Value;

        public void Touch(TimeProvider time) => Volatile.Write(ref _used, time.GetTimestamp());

        public TimeSpan IdleFor(TimeProvider time) => time.GetElapsedTime(Volatile.Read(ref _used));
    }
}
