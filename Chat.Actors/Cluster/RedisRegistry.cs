using System.Text.Json;
using System.Text.Json.Serialization;
using Chat.Protocol;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Chat.Actors.Cluster;

/// <summary>
/// The nodes that announce themselves in Redis: the set <c>chat:nodes</c> of names, and <c>chat:node:{name}</c> for each, which expires when it is not renewed. While
/// Redis is away the nodes that were there last are taken to be there still, and when it comes back empty they have time to say so.
/// </summary>
public sealed partial class RedisRegistry : INodeRegistry, IAsyncDisposable
{
    private const string Names = "chat:nodes";
    private const string Prefix = "chat:node:";

    private readonly RedisConnection _redis;
    private readonly EventVersions _versions;
    private readonly BusEnvelope _envelope;
    private readonly RedisRegistryOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Task _beating;

    /// <summary>The other nodes' newest announcements, and when each was first seen.</summary>
    private readonly Dictionary<string, (byte[] Sealed, NodeInfo Node, long SeenAt)> _known = new(StringComparer.Ordinal);

    private bool _wasAway;
    private volatile NodeInfo _own;
    private volatile View _view;

    /// <param name="key">The cluster's secret, as of the bus.</param>
    public RedisRegistry(RedisConnection redis, NodeInfo self, byte[] key, EventVersions versions, RedisRegistryOptions options, TimeProvider time, ILogger logger)
    {
        _redis = redis;
        _envelope = new BusEnvelope(key, self.Name, time);
        _versions = versions;
        _options = options;
        _time = time;
        _logger = logger;
        _own = self with { Reads = versions.Announcement };
        _view = new View([_own]);
        _beating = Runtime.Detached.Run(BeatAsync);
    }

    public string Self => _own.Name;

    public IReadOnlyList<NodeInfo> Nodes => _view.Nodes;

    public event Action? Changed;

    public string HomeOf(SessionId session) => Rendezvous.HomeOf(session.Value, _view.Homes) ?? Self;

    /// <summary>From now on nothing new is at home here. Returns when it has been told, or could not be.</summary>
    public async Task DrainAsync()
    {
        _own = _own with { IsDraining = true };
        await TryBeatAsync();
    }

    /// <summary>Goes from the list, so that the others need not wait for it to expire.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _beating;
        try
        {
            await _redis.Database.KeyDeleteAsync(Prefix + Self).InTimeAsync(_time);
            await _redis.Database.SetRemoveAsync(Names, Self).InTimeAsync(_time);
        }
        catch (Exception e) when (IsOfRedis(e))
        {
            LogAway(_logger, e.Message);
        }
        _stopping.Dispose();
        _turn.Dispose();
    }

    private async Task BeatAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            await TryBeatAsync();
            await Task.Delay(_options.Interval, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task TryBeatAsync()
    {
        // One after the other: an announcement that is overtaken would take the newer one's place.
        await _turn.WaitAsync();
        try
        {
            var nodes = await AnnounceAndReadAsync();
            _versions.Note(nodes);
            if (!nodes.SequenceEqual(_view.Nodes))
            {
                _view = new View(nodes);
                LogNodes(_logger, string.Join(", ", nodes.Select(node => node.IsDraining ? node.Name + " (draining)" : node.Name)));
                Changed?.Invoke();
            }
        }
        catch (Exception e) when (IsOfRedis(e))
        {
            _wasAway = true;
            LogAway(_logger, e.Message);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Whatever it is, a node that announced itself no more would be gone for the others.
            _wasAway = true;
            LogFault(_logger, e);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<IReadOnlyList<NodeInfo>> AnnounceAndReadAsync()
    {
        var own = _own;
        var redis = _redis.Database;
        var announcement = _envelope.Seal(Prefix + own.Name, JsonSerializer.SerializeToUtf8Bytes(own, NodeJson.Default.NodeInfo));
        await redis.StringSetAsync(Prefix + own.Name, announcement, _options.TimeToLive).InTimeAsync(_time);
        await redis.SetAddAsync(Names, own.Name).InTimeAsync(_time);
        var announced = (await redis.SetMembersAsync(Names).InTimeAsync(_time)).Select(name => (string)name!).Where(name => name != own.Name);
        var names = announced.Union(_known.Keys).ToArray();
        var found = names.Length == 0 ? [] : await redis.StringGetAsync([.. names.Select(name => (RedisKey)(Prefix + name))]).InTimeAsync(_time);
        var now = _time.GetTimestamp();
        if (_wasAway)
        {
            _wasAway = false;
            foreach (var (name, known) in _known)
            {
                _known[name] = known with { SeenAt = now };
            }
        }
        for (var i = 0; i < names.Length; i++)
        {
            if ((byte[]?)found[i] is { } sealedBytes)
            {
                Note(names[i], sealedBytes, now);
            }
            else if (!_known.TryGetValue(names[i], out var known) || _time.GetElapsedTime(known.SeenAt, now) >= _options.TimeToLive - _options.Interval)
            {
                // Had it expired, its last word would be about as old as that; a Redis that has lost everything knows of nobody, until they say their next.
                _known.Remove(names[i]);
                await redis.SetRemoveAsync(Names, names[i], CommandFlags.FireAndForget);
            }
        }
        return [.. _known.Values.Select(known => known.Node).Append(own).OrderBy(node => node.Name, StringComparer.Ordinal)];
    }

    private void Note(string name, byte[] sealedBytes, long now)
    {
        if (_known.TryGetValue(name, out var known) && known.Sealed.AsSpan().SequenceEqual(sealedBytes))
        {
            return;
        }
        if (_envelope.TryOpen(Prefix + name, sealedBytes, out var message) && JsonSerializer.Deserialize(message.Content.Span, NodeJson.Default.NodeInfo) is { } node)
        {
            _known[name] = (sealedBytes, node, now);
        }
        else
        {
            _known.Remove(name);
        }
    }

    private static bool IsOfRedis(Exception e) => e is RedisException or TimeoutException or ObjectDisposedException or OperationCanceledException;

    private sealed class View(IReadOnlyList<NodeInfo> nodes)
    {
        public IReadOnlyList<NodeInfo> Nodes { get; } = nodes;

        public IReadOnlyList<string> Homes { get; } = [.. nodes.Where(node => !node.IsDraining).Select(node => node.Name)];
    }

    [LoggerMessage(604, LogLevel.Information, "The cluster's nodes: {Nodes}")]
    private static partial void LogNodes(ILogger logger, string nodes);

    [LoggerMessage(605, LogLevel.Debug, "Redis does not answer: {Reason}")]
    private static partial void LogAway(ILogger logger, string reason);

    [LoggerMessage(609, LogLevel.Error, "This node could not announce itself to the others; it tries again")]
    private static partial void LogFault(ILogger logger, Exception fault);
}

public sealed record RedisRegistryOptions
{
    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>A node that has not announced itself for so long is gone. Four missed announcements, since a busy machine misses one or two.</summary>
    public TimeSpan TimeToLive { get; init; } = TimeSpan.FromSeconds(2);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(NodeInfo))]
internal sealed partial class NodeJson : JsonSerializerContext;
