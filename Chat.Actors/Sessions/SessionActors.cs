using System.Collections.Concurrent;
using System.Diagnostics;
using Chat.Actors.Runtime;
using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>The sessions of this node: wakes an actor for a session's first command and lets it go when it has been idle.</summary>
public sealed class SessionActors : ISessionEngine
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

    public SessionActors(SessionServices services)
    {
        _services = services;
        var period = TimeSpan.FromSeconds(Math.Clamp(services.PassivateAfter.TotalSeconds / 4, 1, 5));
        _sweep = services.Time.CreateTimer(_ => Sweep(), null, period, period);
    }

    public IEnumerable<SessionId> LoadedIds => _sessions.Keys;

    public (int Loaded, int Homed) Count() => (_sessions.Count, _sessions.Count);

    public ValueTask<Reply> ActAsync(SessionId session, SessionCommand command, CancellationToken cancellation = default) =>
        ActAsync(session, command, from: null, cancellation);

    /// <summary>
    /// As <see cref="ActAsync(SessionId, SessionCommand, CancellationToken)"/>, but refused once <see cref="SessionServices.GoodFor"/> has passed, or after another of its row has
    /// been: the node that asked acts itself then.
    /// </summary>
    public ValueTask<Reply> ActForAsync(AskingNode from, SessionId session, SessionCommand command) => ActAsync(session, command, from, default);

    private async ValueTask<Reply> ActAsync(SessionId session, SessionCommand command, AskingNode? from, CancellationToken cancellation)
    {
        using var span = ChatActivity.Source.StartActivity("session.ask");
        span?.SetTag(ChatActivity.SessionTag, session.Value).SetTag("chat.command", command.GetType().Name);
        var ask = new Ask(command, from, _services.Time.GetUtcNow(), _services.Time.GetTimestamp(), span);
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

    public bool IsUp => true;

    public Task DrainAsync() => Task.CompletedTask;

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
