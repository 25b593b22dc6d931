using System.Security.Cryptography;
using System.Text;
using Chat.Actors.Agents;
using Chat.Actors.Cluster;
using Chat.Actors.Delivery;
using Chat.Actors.Sessions;
using Chat.Host.Configuration;
using Chat.Protocol;
using StackExchange.Redis;

namespace Chat.Host;

/// <summary>What makes a node one of several: over one PostgreSQL, with one Redis between them.</summary>
internal sealed class ClusterLink : IAsyncDisposable
{
    private readonly ConnectionMultiplexer _redis;
    private readonly RedisBus _bus;
    private readonly RedisRegistry _registry;
    private readonly SessionHubs _hubs;
    private NodeAsks? _asks;
    private SessionRelay? _relay;
    private HeadWatch? _watch;

    private ClusterLink(ConnectionMultiplexer redis, RedisBus bus, RedisRegistry registry, SessionHubs hubs)
    {
        _redis = redis;
        _bus = bus;
        _registry = registry;
        _hubs = hubs;
    }

    public INodeRegistry Registry => _registry;

    /// <summary>Null on a node that is alone: without Redis, or over an embedded journal that no other node can share.</summary>
    public static async Task<ClusterLink?> OpenAsync(ChatOptions options, SessionHubs hubs, TimeProvider time, ILoggerFactory loggers)
    {
        if (options.Redis.Url is not { Length: > 0 } url || options.Storage.DatabaseUrl is not { Length: > 0 })
        {
            return null;
        }
        var redis = await RedisConnection.OpenAsync(url, ChatNode.Name);
        var key = HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(options.Jwt.SecretKey), 32, info: "chat cluster 1"u8.ToArray());
        var self = new NodeInfo(
            ChatNode.Name,
            options.Cluster.Address ?? $"{(options.Service.UseSsl ? "https" : "http")}://{Environment.MachineName}:{options.Service.Port}",
            time.GetUtcNow(),
            IsDraining: false);
        var registryOptions = new RedisRegistryOptions { Interval = options.Cluster.Heartbeat, TimeToLive = options.Cluster.NodeTimeout };
        return new ClusterLink(
            redis,
            new RedisBus(redis, self.Name, key, time, loggers.CreateLogger<RedisBus>()),
            new RedisRegistry(redis, self, key, registryOptions, time, loggers.CreateLogger<RedisRegistry>()),
            hubs);
    }

    /// <summary>Puts the other nodes behind the gateway and the hubs.</summary>
    /// <param name="lookAtRuns">Something has happened to the answers of a session at home here.</param>
    /// <param name="taken">Other nodes have committed this.</param>
    public void Attach(ChatOptions options, Storage storage, SessionGateway gateway, Action<SessionId> lookAtRuns, Action<SessionId, IReadOnlyList<EncodedEvent>> taken, TimeProvider time, ILoggerFactory loggers)
    {
        _asks = new NodeAsks(
            _bus, _registry.Self, (session, command) => gateway.ActAsync(session, command), lookAtRuns,
            new NodeAsksOptions { GoodFor = options.Cluster.AskTimeout }, time, loggers.CreateLogger<NodeAsks>());
        var homes = new SessionHomes(
            _registry, _asks, (session, command) => gateway.ActAsync(session, command), new SessionHomesOptions { AskTimeout = options.Cluster.AskTimeout }, time);
        gateway.Elsewhere = homes.AskAsync;
        _relay = new SessionRelay(_bus, _hubs, taken);
        _hubs.Connect = _relay.Connect;
        _watch = new HeadWatch(storage.Journal, _hubs, _bus, new HeadWatchOptions(), time, loggers.CreateLogger<HeadWatch>());
    }

    /// <summary>Whether this node runs the session's answers. While the others cannot be told, whoever has stored the question does.</summary>
    public bool RunsAnswersOf(SessionId session) => _registry.HomeOf(session) == _registry.Self || !_bus.IsUp;

    public bool IsAlive(string node) => node == _registry.Self || _registry.Nodes.Any(n => n.Name == node && !n.IsDraining);

    public void Publish(SessionId session, IReadOnlyList<EncodedEvent> batch)
    {
        _relay!.Publish(session, batch);
        if (!RunsAnswersOf(session) && batch.Any(e => e.Event is RunQueued or StreamEnded))
        {
            _asks!.SendNudge(_registry.HomeOf(session), session);
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
        await _registry.DisposeAsync();
        await _bus.DisposeAsync();
        _redis.Dispose();
    }
}
