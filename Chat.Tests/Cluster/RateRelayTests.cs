using Chat.Actors.Cluster;
using Chat.Actors.Sessions;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Cluster;

/// <summary>One bucket per user, whichever node gives.</summary>
public sealed class RateRelayTests
{
    private readonly ManualTime _time = new();
    private readonly LocalNetwork _network = new();

    [Fact]
    public async Task What_one_node_gives_the_others_charge_also_beyond_what_there_is()
    {
        await using var busA = _network.Join();
        await using var busB = _network.Join();
        var (a, b) = (new RateLimiter(perMinute: 60, _time), new RateLimiter(perMinute: 60, _time));
        await using var relayA = new RateRelay(busA, a, _time);
        await using var relayB = new RateRelay(busB, b, _time);
        for (var i = 0; i < 50; i++)
        {
            Assert.Null(a.Take(Post("mina")));
            Assert.Null(b.Take(Post("mina")));
        }
        a.GiveBack(Post("mina"));

        _time.Advance(RateRelay.Interval);

        // 60 there were, 50 and 49 were given: some 40 are owed.
        await Eventually.TrueAsync(() => b.Take(Post("mina")) is not null);
        await Eventually.TrueAsync(() => a.Take(Post("mina")) is { RetryAfter: { TotalSeconds: > 39 and < 42 } });
        Assert.Null(a.Take(Post("juno")));
        _time.Advance(TimeSpan.FromSeconds(42));
        Assert.Null(a.Take(Post("mina")));
    }

    private static PostMessage Post(string user) =>
        new() { Caller = new Caller(user, user), MessageId = MessageId.New(), RunId = MessageId.New(), Content = "x" };
}
