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
    private static readonly TimeSpan HandOverTime = TimeSpan.FromSeconds(5);

    private readonly ActorSystem _system;
    private readonly Address? _seed;
    private IActorRef _region;
    private IActorRef[] _askers;

    private AkkaNode(AkkaOptions options, SessionServices services, bool isFirst, ILoggerFactory loggers)
    {
        Entities = new SessionEntities(services.Time);
        var settings = ConfigurationFactory.ParseString(GivenSettings(options, services, isFirst) + options.Settings)
            .WithFallback(ClusterSharding.DefaultConfig())
            .WithFallback(SqlPersistence.DefaultConfiguration);
        var database = new DataOptionsSetup(options.Database.ToDataOptions());
        var serializers = SerializationSetup.Create(system =>
        [
            SerializerDetails.Create("chat-log", new LogSerializer(system, services.Events), [typeof(LoggedEvent), typeof(SessionSnapshot)]),
            SerializerDetails.Create("chat-asks", new AskSerializer(system), [typeof(IAskMessage)]),
        ]);
        _system = ActorSystem.Create(SystemName, ActorSystemSetup.Create(BootstrapSetup.Create().WithConfig(settings), database, serializers, new LoggerFactorySetup(loggers)));
        _seed = options.Seeds.Count > 0 ? Address.Parse($"akka.tcp://{SystemName}@{options.Seeds[0]}") : null;
        _region = ActorRefs.Nobody;
        _askers = [];
    }

    /// <param name="lanes">One for each asker.</param>
    /// <param name="isFirst">Of this process. A later life joins what there is, and begins no cluster of its own.</param>
    /// <exception cref="Exception">Akka.NET's: the address is not this machine's, the port is taken, or the machine is too slow. Nothing of it is left.</exception>
    public static async Task<AkkaNode> BeginAsync(AkkaOptions options, SessionServices services, IReadOnlyList<AskLanes> lanes, bool isFirst, ILoggerFactory loggers)
    {
        var node = new AkkaNode(options, services, isFirst, loggers);
        try
        {
            node.Start(options, services, lanes);
            return node;
        }
        catch
        {
            await node._system.Terminate();
            throw;
        }
    }

    private void Start(AkkaOptions options, SessionServices services, IReadOnlyList<AskLanes> lanes)
    {
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

    public SessionEntities Entities { get; }

    public bool IsUp => !Terminated.IsCompleted && AkkaCluster.Get(_system) is { IsTerminated: false, SelfMember.Status: MemberStatus.Up or MemberStatus.WeaklyUp };

    /// <summary>Nodes that it is one with, itself among them.</summary>
    public int Members => AkkaCluster.Get(_system).State.Members.Count(member => member.Status is MemberStatus.Up or MemberStatus.WeaklyUp);

    /// <summary>The first of the seeds is one of them.</summary>
    public bool HasSeed => AkkaCluster.Get(_system).State.Members.Any(member => member.Address.Equals(_seed));

    public bool IsSeed => AkkaCluster.Get(_system).SelfAddress.Equals(_seed);

    public Task Terminated => _system.WhenTerminated;

    /// <summary>Has an asker look at its lanes. Where this life has ended, that of the next one finds what is there.</summary>
    public void Wake(int asker) => _askers[asker].Tell(SessionAsker.Look.Instance);

    /// <summary>Begins a cluster where there is none to join.</summary>
    public void Found() => AkkaCluster.Get(_system).Join(AkkaCluster.Get(_system).SelfAddress);

    /// <summary>This life ends, without a word to the others.</summary>
    public Task EndAsync() => _system.Terminate();

    /// <summary>The shards go to other nodes, where there are any; what is asked here goes there too.</summary>
    public async Task HandOverAsync()
    {
        if (!IsUp || Members < 2)
        {
            return;
        }
        var proxy = await ClusterSharding.Get(_system).StartProxyAsync(TypeName, role: null!, new SessionShards());
        foreach (var asker in _askers)
        {
            asker.Tell(new SessionAsker.UseRegion(proxy));
        }
        _region.Tell(GracefulShutdown.Instance);
        using var patience = new CancellationTokenSource(HandOverTime);
        await ((Task)_region.WatchAsync(patience.Token)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Sessions finish what they have, and the cluster is told. Nothing of this life runs any more then.</summary>
    public async Task LeaveAsync()
    {
        if (!Terminated.IsCompleted)
        {
            await CoordinatedShutdown.Get(_system).Run(CoordinatedShutdown.ActorSystemTerminateReason.Instance);
            await _system.Terminate();
        }
    }

    /// <summary>What <c>cluster.conf</c> refers to: the parser of Akka.NET substitutes what stands in the same text, and knows nothing of the environment.</summary>
    private static string GivenSettings(AkkaOptions options, SessionServices services, bool isFirst) =>
        $$"""
        chat {
          host = "{{options.Host}}"
          port = {{options.Port}}
          seed-nodes = [{{string.Join(", ", SeedsOf(options, isFirst).Select(seed => $"\"akka.tcp://{SystemName}@{seed}\""))}}]
          passivate-after = {{(long)services.PassivateAfter.TotalMilliseconds}}ms
          append-timeout = {{(long)options.AppendTimeout.TotalMilliseconds}}ms
        }

        """;

    /// <summary>Whoever stands first in its own list begins a cluster after a while; in a later life that would be one beside the others'.</summary>
    private static IEnumerable<string> SeedsOf(AkkaOptions options, bool isFirst)
    {
        var own = $"{options.Host}:{options.Port}";
        return isFirst || options.Seeds is [_] ? options.Seeds : [.. options.Seeds.Where(seed => seed != own), .. options.Seeds.Where(seed => seed == own)];
    }
}
