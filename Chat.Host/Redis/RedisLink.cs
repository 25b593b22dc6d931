using Chat.Actors.Cluster;
using Chat.Actors.Delivery;
using Chat.Actors.Sessions;
using Chat.Host.Auth;
using Chat.Host.Configuration;
using Chat.Protocol;
using StackExchange.Redis;

namespace Chat.Host.Redis;

/// <summary>What a node does with Redis whether it is alone or not: it shows other services what happens here.</summary>
internal sealed class RedisLink : IAsyncDisposable
{
    private readonly SessionHubs _hubs;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ChatOptions _options;
    private PublicChannels? _channels;
    private PublicKeys? _keys;
    private InboundStream? _inbound;

    private RedisLink(RedisConnection connection, ChatOptions options, SessionHubs hubs, TimeProvider time, ILoggerFactory loggers)
    {
        Connection = connection;
        _options = options;
        _hubs = hubs;
        _time = time;
        _loggers = loggers;
    }

    /// <summary>The node's one connection.</summary>
    public RedisConnection Connection { get; }

    /// <summary>Null where no Redis is configured. One that is away comes when it is there.</summary>
    public static async Task<RedisLink?> OpenAsync(string name, ChatOptions options, SessionHubs hubs, TimeProvider time, ILoggerFactory loggers) =>
        options.Redis.Url is { Length: > 0 } url ? new RedisLink(await RedisConnection.OpenAsync(url, name, time, loggers.CreateLogger<RedisConnection>()), options, hubs, time, loggers) : null;

    /// <summary>Makes a ticket good once over all nodes.</summary>
    public void AddTickets(IServiceCollection services) => services.AddSingleton<ITicketLedger>(
        new RedisTicketLedger(Connection, new MemoryTicketLedger(_options.Jwt.TicketLifetime, _time), _time, _loggers.CreateLogger<RedisTicketLedger>()));

    /// <summary>Before the first reader.</summary>
    public void Attach(ISessionGateway gateway)
    {
        _channels = new PublicChannels(Connection, session => gateway.ReadAsync(session), _time, _loggers.CreateLogger<PublicChannels>());
        _keys = new PublicKeys(Connection, _hubs, session => gateway.ReadAsync(session), _time, _loggers.CreateLogger<PublicKeys>());
        _hubs.Listeners = [.. _hubs.Listeners, _channels, _keys];
    }

    /// <summary>Begins to post what other services send, where that is wanted.</summary>
    /// <param name="isReader">This node is the one of the cluster that does.</param>
    public void Start(ISessionGateway gateway, string node, Func<bool> isReader)
    {
        if (_options.Redis.Inbound)
        {
            _inbound = new InboundStream(Connection, gateway, node, isReader, _time, _loggers.CreateLogger<InboundStream>());
        }
    }

    /// <summary>Milliseconds there and back; null where it does not answer.</summary>
    public async Task<double?> MeasureAsync()
    {
        try
        {
            return Math.Round((await Connection.Database.PingAsync().InTimeAsync(_time)).TotalMilliseconds, 2);
        }
        catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException)
        {
            return null;
        }
    }

    /// <summary>Nothing new is posted; returns when what was begun has ended.</summary>
    public ValueTask StopAsync() => _inbound?.DisposeAsync() ?? default;

    /// <summary>Committed on this node.</summary>
    public void Publish(SessionId session, IReadOnlyList<EncodedEvent> events)
    {
        _channels!.Publish(session, events);
        _keys!.Note(session, events);
    }

    /// <summary>Committed on another.</summary>
    public void Take(SessionId session, IReadOnlyList<EncodedEvent> events) => _keys!.Note(session, events);

    /// <summary>While sessions can still be asked; the connection lasts until the node's end.</summary>
    public async ValueTask DetachAsync()
    {
        await (_keys?.DisposeAsync() ?? default);
        await (_channels?.DisposeAsync() ?? default);
    }

    public ValueTask DisposeAsync() => Connection.DisposeAsync();
}
