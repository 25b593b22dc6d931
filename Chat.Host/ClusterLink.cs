using System.Security.Cryptography;
using System.Text;
using Chat.Actors.Agents;
using Chat.Actors.Cluster;
using Chat.Actors.Delivery;
using Chat.Actors.Sessions;
using Chat.Host.Configuration;
using Chat.Protocol;

namespace Chat.Host;

/// <summary>What makes a node one of several: over one PostgreSQL, with one Redis between them.</summary>
internal sealed class ClusterLink : IAsyncDisposable
{
    private readonly RedisBus _bus;
    private readonly RedisRegistry _registry;
    private readonly SessionHubs _hubs;
    private NodeAsks? _asks;
    private RunNudges? _nudges;
    private SessionRelay? _relay;
    private HeadWatch? _watch;
    private RateRelay? _rates;
    private NodeReports? _reports;

    private ClusterLink(RedisBus bus, RedisRegistry registry, SessionHubs hubs, TimeProvider time)
    {
        _bus = bus;
        _registry = registry;
        _hubs = hubs;
        Presence = new PresenceRelay(bus, registry, hubs, new PresenceRelayOptions(), time);
    }

    public INodeRegistry Registry => _registry;

    public PresenceRelay Presence { get; }

    /// <param name="redis">The caller's.</param>
    /// <returns>Null on a node that is alone: without Redis, or over an embedded journal that no other node can share.</returns>
    public static ClusterLink? Open(string name, ChatOptions options, EventCodec events, RedisConnection? redis, SessionHubs hubs, TimeProvider time, ILoggerFactory loggers)
    {
        if (redis is null || options.Storage.DatabaseUrl is not { Length: > 0 })
        {
            return null;
        }
        var key = HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(options.Jwt.SecretKey), 32, info: "chat cluster 1"u8.ToArray());
        var self = new NodeInfo(
            name,
            AddressOf(options),
            time.GetUtcNow(),
            IsDraining: false);
        var registryOptions = new RedisRegistryOptions { Interval = options.Cluster.Heartbeat, TimeToLive = options.Cluster.NodeTimeout };
        var versions = new EventVersions(events, options.Cluster.UpgradeHold, time, loggers.CreateLogger<EventVersions>());
        return new ClusterLink(
            new RedisBus(redis, self.Name, key, time, loggers.CreateLogger<RedisBus>()),
            new RedisRegistry(redis, self, key, versions, registryOptions, time, loggers.CreateLogger<RedisRegistry>()),
            hubs,
            time);
    }

    /// <summary>Takes commands to the sessions' homes.</summary>
    /// <param name="here">This node's own sessions.</param>
    public SessionHomes OpenHomes(SessionActors here, ChatOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        _asks = new NodeAsks(
            _bus, _registry.Self, here.ActForAsync, new NodeAsksOptions { GoodFor = options.Cluster.AskTimeout }, time, loggers.CreateLogger<NodeAsks>());
        return new SessionHomes(_registry, _asks, here, new SessionHomesOptions { AskTimeout = options.Cluster.AskTimeout }, time);
    }

    /// <summary>Puts the other nodes behind the hubs.</summary>
    /// <param name="limiter">Null limits nobody.</param>
    /// <param name="lookAtRuns">Something has happened to the answers of a session at home here.</param>
    /// <param name="taken">Other nodes have committed this.</param>
    public void Attach(Storage storage, RateLimiter? limiter, Action<SessionId> lookAtRuns, Action<SessionId, IReadOnlyList<EncodedEvent>> taken, TimeProvider time, ILoggerFactory loggers)
    {
        _nudges = new RunNudges(_bus, _registry.Self, lookAtRuns);
        _relay = new SessionRelay(_bus, _hubs, storage.Events, taken);
        _hubs.Listeners = [.. _hubs.Listeners, Presence];
        _hubs.Connect = hub => new HubLink(_relay.Connect(hub), Presence.Connect(hub));
        _rates = limiter is null ? null : new RateRelay(_bus, limiter, time);
        _watch = new HeadWatch(storage.Journal, _hubs, _bus, new HeadWatchOptions(), time, loggers.CreateLogger<HeadWatch>());
    }

    /// <summary>Whether this node runs the session's answers. While the others cannot be told, whoever has stored the question does.</summary>
    public bool RunsAnswersOf(SessionId session) => _registry.HomeOf(session) == _registry.Self || !_bus.IsUp;

    /// <summary>Where the others reach a node of these options.</summary>
    public static string AddressOf(ChatOptions options) =>
        options.Cluster.Address ?? $"{(options.Service.UseSsl ? "https" : "http")}://{Environment.MachineName}:{options.Service.Port}";

    /// <summary>It is the link's.</summary>
    public NodeReports OpenReports(Func<Task<NodeReport>> own, Action drain, TimeProvider time) => _reports = new NodeReports(_bus, _registry, own, drain, time);

    public bool IsUp => _bus.IsUp;

    public bool IsHome(SessionId session) => _registry.HomeOf(session) == _registry.Self;

    public bool IsAlive(string node) => node == _registry.Self || _registry.Nodes.Any(n => n.Name == node && !n.IsDraining);

    public void Publish(SessionId session, IReadOnlyList<EncodedEvent> batch)
    {
        _relay!.Publish(session, batch);
        if (!RunsAnswersOf(session) && batch.Any(e => e.Event is RunQueued or StreamEnded))
        {
            _nudges!.Send(_registry.HomeOf(session), session);
        }
    }

    public Task DrainAsync() => _registry.DrainAsync();

    public async ValueTask DisposeAsync()
    {
        if (_watch is not null)
        {
            await _watch.DisposeAsync();
        }
        _asks?.Dispose();
        _nudges?.Dispose();
        _reports?.Dispose();
        await Presence.DisposeAsync();
        await (_rates?.DisposeAsync() ?? default);
        await _registry.DisposeAsync();
        await _bus.DisposeAsync();
    }

    private sealed class HubLink(IDisposable events, IDisposable presence) : IDisposable
    {
        public void Dispose()
        {
            events.Dispose();
            presence.Dispose();
        }
    }
}
