using Akka.Actor;
using Chat.Actors.AkkaEngine;

namespace Chat.Tests.AkkaEngine;

/// <summary>Plays the shard for one entity: wakes it for a command, lets it go when it asks for that, and keeps what comes while it goes.</summary>
internal sealed class ShardOfOne : ReceiveActor
{
    private readonly List<(SessionAsk Ask, IActorRef Asker)> _kept = [];
    private IActorRef? _entity;
    private bool _isGoing;

    /// <param name="watcher">Is told of each <see cref="Passivate"/>, and <see cref="Gone"/> when the entity has ended.</param>
    public ShardOfOne(Props entity, IActorRef watcher)
    {
        Receive<SessionAsk>(ask =>
        {
            if (_isGoing)
            {
                _kept.Add((ask, Sender));
                return;
            }
            (_entity ??= Context.Watch(Context.ActorOf(entity))).Forward(ask);
        });
        Receive<SessionEntity.Stop>(LetGo);
        Receive<ReceiveTimeout>(_ => _entity.Tell(ReceiveTimeout.Instance));
        Receive<Terminated>(_ =>
        {
            (_entity, _isGoing) = (null, false);
            watcher.Tell(Gone.Instance);
            foreach (var (ask, asker) in _kept)
            {
                Self.Tell(ask, asker);
            }
            _kept.Clear();
        });
        // The tests are not compiled against the package of the type.
        Receive<object>(
            passivate =>
            {
                var stop = passivate.GetType().GetProperty("StopMessage")!.GetValue(passivate)!;
                watcher.Tell(new LetsGo(stop));
                LetGo(stop);
            },
            message => message.GetType().FullName == "Akka.Cluster.Sharding.Passivate");
    }

    private void LetGo(object stop)
    {
        _isGoing = true;
        _entity.Tell(stop);
    }

    public sealed record LetsGo(object StopMessage);

    public sealed class Gone
    {
        public static readonly Gone Instance = new();
    }
}
