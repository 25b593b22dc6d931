using Chat.Actors.Sessions;
using Chat.Protocol;
using Chat.Tests.Support;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.Sessions;

public sealed class RateLimiterTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void A_bucket_holds_a_minutes_messages_and_fills_evenly()
    {
        var limiter = new RateLimiter(perMinute: 3, _time);
        Assert.All(Enumerable.Range(0, 3), _ => Assert.Null(limiter.Take(Post())));
        var refused = limiter.Take(Post());
        Assert.Equal((ErrorCode.RateLimit, TimeSpan.FromSeconds(20)), (refused!.Code, refused.RetryAfter));
        Assert.Null(limiter.Take(Post(by: Lee)));
        Assert.Null(limiter.Take(new StopRun { Caller = Kim }));

        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.Null(limiter.Take(Post()));
        Assert.NotNull(limiter.Take(Post()));
    }

    [Fact]
    public void A_bucket_that_is_full_again_is_forgotten_and_one_that_is_not_is_kept()
    {
        var limiter = new RateLimiter(perMinute: 2, _time);
        for (var i = 0; i < 100; i++)
        {
            limiter.Take(Post(by: new Caller($"user{i}", "User")));
        }
        _time.Advance(TimeSpan.FromSeconds(50));
        limiter.Take(Post());
        limiter.Take(Post());
        Assert.Equal(101, limiter.Count);

        _time.Advance(TimeSpan.FromSeconds(15));
        limiter.Take(Post(by: Lee));
        Assert.Equal(2, limiter.Count);
        Assert.NotNull(limiter.Take(Post()));
    }

    [Fact]
    public async Task A_send_that_is_repeated_is_not_paid_for_again()
    {
        await using var server = await TestServer.StartAsync(o => o with { RateLimit = o.RateLimit with { Enabled = true, MessagesPerMinute = 2 } }, _time);
        var session = new SessionId("s1");
        await server.Node.Gateway.AskAsync(session, Create(session));
        for (var i = 0; i < 5; i++)
        {
            Assert.IsType<Accepted>(await server.Node.Gateway.AskAsync(session, Post("once", clientId: "c1")));
        }
        Assert.IsType<Accepted>(await server.Node.Gateway.AskAsync(session, Post("twice")));
        Assert.Equal(ErrorCode.RateLimit, Assert.IsType<Rejected>(await server.Node.Gateway.AskAsync(session, Post("thrice"))).Code);
    }
}
