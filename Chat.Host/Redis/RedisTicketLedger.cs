using Chat.Actors.Cluster;
using Chat.Host.Auth;
using StackExchange.Redis;

namespace Chat.Host.Redis;

/// <summary>The ledger of all nodes, <c>chat:ticket:{id}</c>; while Redis is away each node has its own, so that a ticket is then good once on each.</summary>
internal sealed partial class RedisTicketLedger(RedisConnection redis, ITicketLedger own, TimeProvider clock, ILogger logger) : ITicketLedger
{
    /// <summary>Clocks of nodes differ.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(30);

    public async ValueTask<bool> TryUseAsync(Guid id, DateTimeOffset expires, CancellationToken cancellation)
    {
        if (!await own.TryUseAsync(id, expires, cancellation))
        {
            return false;
        }
        try
        {
            return await redis.Database.StringSetAsync($"chat:ticket:{id:N}", "1", expires - clock.GetUtcNow() + Slack, When.NotExists).InTimeAsync(clock);
        }
        catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException)
        {
            LogAway(logger, e.Message);
            return true;
        }
    }

    [LoggerMessage(320, LogLevel.Warning, "A ticket was taken by this node's own ledger: {Reason}")]
    private static partial void LogAway(ILogger logger, string reason);
}
