using System.Security.Cryptography;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Cluster;
using Akka.Cluster.Sharding;
using Akka.Configuration;
using Akka.Hosting.Logging;
using Akka.Persistence.Sql;
using Akka.Persistence.Sql.Config;
using Akka.Serialization;
using Chat.Actors.Sessions;
using LinqToDB;
using Microsoft.Extensions.Logging;
using AkkaCluster = Akka.Cluster.Cluster;

namespace Chat.Actors.AkkaEngine;

/// <summary>One life of this node in the cluster: its actor system with the sessions' shards and those who ask them.</summary>
internal sealed class AkkaNode
{
    private const string SystemName = "chat";
    private const string TypeName = "session";

    /// <summary>Sessions that are here find their way to other nodes in this time, or go when the node does.</summary>
    private static readonly TimeSpan HandOverTime = TimeSpan.FromSeconds(10);

    private readonly ActorSystem _system;
    private readonly IActorRef _region;
    private readonly IActorRef[] _askers;

    /// <param name="lanes">One for each asker.</param>
    public AkkaNode(AkkaOptions options, SessionServices services, IReadOnlyList<AskLanes> lanes, ILoggerFactory loggers)
    {
        var settings = ConfigurationFactory.ParseString(GivenSettings(options, services) + options.Settings)
            .WithFallback(ClusterSharding.DefaultConfig())
            .WithFallback(SqlPersistence.DefaultConfiguration);
        var database = new DataOptionsSetup(new DataOptions().UseConnectionString(options.Database.Provider, options.Database.ConnectionString));
        var serializers = SerializationSetup.Create(system =>
        [
            SerializerDetails.Create("chat-log", new LogSerializer(system, services.Events), [typeof(LoggedEvent), typeof(SessionSnapshot)]),
            SerializerDetails.Create("chat-asks", new AskSerializer(system), [typeof(IAskMessage)]),
        ]);
        _system = ActorSystem.Create(SystemName, ActorSystemSetup.Create(BootstrapSetup.Create().WithConfig(settings), database, serializers, new LoggerFactorySetup(loggers)));
        var sharding = ClusterSharding.Get(_system);
        var shards = ClusterShardingSettings.Create(_system);
        _region = sharding.Start(
            TypeName,
            id => Props.Create(() => new SessionEntity(id, services, Entities)),
            shards,
            new SessionShards(),
            sharding.DefaultShardAllocationStrategy(shards),
            SessionEntity.Stop.Instance);
        // A life of its own has a name of its own: what sessions know of the last one's rows does not hold for it.
        var life = $"{options.Node}/{RandomNumberGenerator.GetHexString(4, lowercase: true)}";
        _askers = [.. lanes.Select((own, i) => _system.ActorOf(Props.Create(() => new SessionAsker(life, own, _region, services.Time)), $"asker{i}"))];
        _system.ActorOf(Props.Create(() => new LostAsks()), "lost-asks");
        var cluster = AkkaCluster.Get(_system);
        if (options.Seeds.Count == 0)
        {
            cluster.Join(cluster.SelfAddress);
        }
    }

    public SessionEntities Entities { get; } = new();

    public bool IsUp => !Terminated.IsCompleted && AkkaCluster.Get(_system) is { IsTerminated: false, SelfMember.Status: MemberStatus.Up or MemberStatus.WeaklyUp };

    public Task Terminated => _system.WhenTerminated;

    /// <summary>Has an asker look at its lanes. Where this life has ended, that of the next one finds what is there.</summary>
    public void Wake(int asker) => _askers[asker].Tell(SessionAsker.Look.Instance);

    /// <summary>The shards go to other nodes; what is asked here goes there too.</summary>
    public async Task HandOverAsync()
    {
        var proxy = ClusterSharding.Get(_system).StartProxy(TypeName, role: null!, new SessionShards());
        foreach (var asker in _askers)
        {
            asker.Tell(new SessionAsker.UseRegion(proxy));
        }
        _region.Tell(GracefulShutdown.Instance);
        using var patience = new CancellationTokenSource(HandOverTime);
        await ((Task)_region.WatchAsync(patience.Token)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Sessions finish what they have, and the cluster is told.</summary>
    public Task LeaveAsync() => CoordinatedShutdown.Get(_system).Run(CoordinatedShutdown.ActorSystemTerminateReason.Instance);

    /// <summary>What <c>cluster.conf</c> refers to: the parser of Akka.NET substitutes what stands in the same text, and knows nothing of the environment.</summary>
    private static string GivenSettings(AkkaOptions options, SessionServices services) =>
        $$"""
        chat {
          host = "{{options.Host}}"
          port = {{options.Port}}
          seed-nodes = [{{string.Join(", ", options.Seeds.Select(seed => $"\"akka.tcp://{SystemName}@{seed}\""))}}]
          passivate-after = {{(long)services.PassivateAfter.TotalMilliseconds}}ms
          append-timeout = {{(long)options.AppendTimeout.TotalMilliseconds}}ms
        }

        """;
}
