using Chat.Host.Auth;
using Chat.Host.Configuration;
using Chat.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Chat.Tests.Cluster;

/// <summary>What may be done once, or so often, wherever it is done.</summary>
[RequiresRedisAndPostgres]
public sealed class TwoNodesLimitTests(TwoNodesLimitTests.Limited nodes) : IClassFixture<TwoNodesLimitTests.Limited>
{
    [ContractFact]
    public async Task A_ticket_is_good_once_on_all_nodes_and_once_on_each_while_Redis_is_away()
    {
        var (a, b) = (nodes.A.Services.GetRequiredService<Tickets>(), nodes.B.Services.GetRequiredService<Tickets>());
        var identity = new Identity("mina", "Mina", Roles.None, DateTimeOffset.UtcNow.AddHours(1));
        var ticket = a.Issue(identity);
        Assert.True((await b.RedeemAsync(ticket)).IsAccepted(out _));
        Assert.False((await a.RedeemAsync(ticket)).IsAccepted(out _));
        Assert.False((await b.RedeemAsync(ticket)).IsAccepted(out _));

        await nodes.Redis.StopAsync();
        var another = a.Issue(identity);
        Assert.True((await b.RedeemAsync(another)).IsAccepted(out _));
        Assert.False((await b.RedeemAsync(another)).IsAccepted(out _));
        Assert.True((await a.RedeemAsync(another)).IsAccepted(out _));
        await nodes.Redis.StartAgainAsync();
    }

    [ContractFact]
    public async Task A_user_has_one_rate_over_all_nodes()
    {
        await Eventually.TrueAsync(() => nodes.A.Node.IsClusterUp && nodes.B.Node.IsClusterUp);
        // Redis has been away: the nodes may hear of each other a moment later than they know of it, so other users try again.
        var tries = 0;
        await Eventually.TrueAsync(async () => await IsLimitedOverBothAsync($"juno{tries++}"));
    }

    private async Task<bool> IsLimitedOverBothAsync(string user)
    {
        var session = await nodes.A.CreateSessionAsync(user);
        await using var here = await NativeClient.ConnectAsync(nodes.A, session, user);
        await using var there = await NativeClient.ConnectAsync(nodes.B, session, user);
        for (var i = 0; i < 5; i++)
        {
            await here.PostAsync("x");
        }

        // The last of five is told within a tenth of a second.
        await Eventually.TrueAsync(async () =>
        {
            await there.SendAsync(new { type = "message", content = "y", client_message_id = Guid.NewGuid().ToString("N") });
            await there.SettleAsync();
            return there.All("error").Any(f => f.Text("code") == "RATE_LIMIT");
        });
        return there.All("ack").Count < 5;
    }

    public sealed class Limited : TwoNodes
    {
        protected override ChatOptions Configure(ChatOptions options) => options with { RateLimit = new RateLimitOptions { Enabled = true, MessagesPerMinute = 5 } };
    }
}
