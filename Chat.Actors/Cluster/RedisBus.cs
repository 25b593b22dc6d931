using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Chat.Actors.Cluster;

/// <summary>
/// The bus over Redis' publish and subscribe. While Redis is away messages are lost; subscriptions come back with it. The library has been seen to lose one of
/// them in a handshake (its issues 273, 704, 1110): so Redis is asked now and then whether it knows of all, and where it does not they are made anew.
/// </summary>
public sealed partial class RedisBus : INodeBus
{
    private const string Prefix = "chat:bus:";

    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(2);

    /// <summary>What was subscribed to so long ago Redis has heard of. Short, since those that come meanwhile hide as many that are lost.</summary>
    private static readonly TimeSpan OnItsWay = TimeSpan.FromMilliseconds(20);

    private readonly RedisConnection _redis;
    private readonly TopicHandlers _handlers = new();
    private readonly BusEnvelope _envelope;
    private readonly ReplayGuard _guard;

    /// <summary>Held from the sealing of a message until it is on its way: numbers rise in the order in which they go out.</summary>
    private readonly Lock _publishing = new();
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _node;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _checking;

    /// <param name="redis">The caller's, and not disposed of here.</param>
    /// <param name="key">The cluster's secret.</param>
    public RedisBus(RedisConnection redis, string node, byte[] key, TimeProvider time, ILogger logger)
    {
        _redis = redis;
        _envelope = new BusEnvelope(key, node, time);
        _guard = new ReplayGuard(time);
        _time = time;
        _logger = logger;
        _node = node;
        _redis.Replaced += ListenToAll;
        _redis.Restored += OnRestored;
        _checking = Runtime.Detached.Run(CheckAsync);
    }

    public bool IsUp => _redis.Subscriber.IsConnected();

    public event Action? Restored;

    public IDisposable Subscribe(string topic, Action<ReadOnlyMemory<byte>> handler)
    {
        var (subscription, isFirst) = _handlers.Add(topic, handler, () => _redis.Subscriber.Unsubscribe(Prefix + topic, flags: CommandFlags.FireAndForget));
        if (isFirst)
        {
            Listen(topic);
        }
        return subscription;
    }

    public void Publish(string topic, ReadOnlyMemory<byte> message)
    {
        try
        {
            lock (_publishing)
            {
                _redis.Subscriber.Publish(Prefix + topic, _envelope.Seal(topic, message.Span), CommandFlags.FireAndForget);
            }
        }
        catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException)
        {
            LogLost(_logger, e.Message);
        }
    }

    public async ValueTask<bool> TryPublishAsync(string topic, ReadOnlyMemory<byte> message)
    {
        try
        {
            Task<long> publishing;
            lock (_publishing)
            {
                publishing = _redis.Subscriber.PublishAsync(Prefix + topic, _envelope.Seal(topic, message.Span));
            }
            return await publishing.InTimeAsync(_time) > 0;
        }
        catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException or OperationCanceledException)
        {
            LogLost(_logger, e.Message);
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _redis.Replaced -= ListenToAll;
        _redis.Restored -= OnRestored;
        await _stopping.CancelAsync();
        await _checking;
        _stopping.Dispose();
        foreach (var topic in _handlers.Topics)
        {
            _redis.Subscriber.Unsubscribe(Prefix + topic, flags: CommandFlags.FireAndForget);
        }
    }

    private void Listen(string topic) => _redis.Subscriber.Subscribe(Prefix + topic, (_, value) => Take(topic, value), CommandFlags.FireAndForget);

    private void ListenToAll() => _handlers.ForEachTopic(topic =>
    {
        _redis.Subscriber.Unsubscribe(Prefix + topic, flags: CommandFlags.FireAndForget);
        Listen(topic);
    });

    private async Task CheckAsync()
    {
        var lacked = false;
        while (!_stopping.IsCancellationRequested)
        {
            await Task.Delay(CheckInterval, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var begun = _handlers.Begun;
            await Task.Delay(OnItsWay, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            // Twice in a row: on a busy machine one may be on its way for longer.
            var lacks = await LacksTopicsAsync(begun);
            if (lacks && lacked && !_stopping.IsCancellationRequested)
            {
                LogDeaf(_logger);
                try
                {
                    ListenToAll();
                    Restored?.Invoke();
                }
                catch (Exception e) when (e is not OutOfMemoryException)
                {
                    // The next look finds what is still not subscribed to.
                    LogStillDeaf(_logger, e);
                }
            }
            lacked = lacks && !lacked;
        }
    }

    /// <summary>Redis knows of fewer subscriptions of this node than there are of the first so many that have ever been. False where it does not say.</summary>
    private async Task<bool> LacksTopicsAsync(long begun)
    {
        try
        {
            var clients = await _redis.Server.ClientListAsync().InTimeAsync(_time);
            var known = clients.Where(client => client.Name == _node).Sum(client => client.SubscriptionCount);
            return known < _handlers.CountOfFirst(begun);
        }
        catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException or OperationCanceledException)
        {
            // Away, or its rules forbid the question.
            return false;
        }
    }

    private void Take(string topic, byte[]? value)
    {
        if (value is null || !_envelope.TryOpen(topic, value, out var message) || !_guard.IsNew(topic, message))
        {
            return;
        }
        try
        {
            _handlers.Handle(topic, message.Content);
        }
#pragma warning disable CA1031 // On the library's thread a fault would be lost without a word.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFault(_logger, e);
        }
    }

    private void OnRestored(ConnectionType type)
    {
        if (type == ConnectionType.Subscription)
        {
            Restored?.Invoke();
        }
    }

    [LoggerMessage(600, LogLevel.Debug, "A message to other nodes is lost: {Reason}")]
    private static partial void LogLost(ILogger logger, string reason);

    [LoggerMessage(608, LogLevel.Warning, "Redis does not know of all subscriptions of this node: they are made anew")]
    private static partial void LogDeaf(ILogger logger);

    [LoggerMessage(612, LogLevel.Error, "Subscriptions could not be made anew; it is tried again")]
    private static partial void LogStillDeaf(ILogger logger, Exception fault);

    [LoggerMessage(601, LogLevel.Error, "A message of another node could not be handled")]
    private static partial void LogFault(ILogger logger, Exception fault);
}
