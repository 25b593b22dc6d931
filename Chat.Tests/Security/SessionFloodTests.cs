using Chat.Actors.Sessions;
using Chat.Host.Configuration;
using Chat.Protocol;
using Chat.Tests.Endpoints;
using Chat.Tests.Support;

namespace Chat.Tests.Security;

/// <summary>Everything that one user may have written down is counted: messages in one bucket, sessions in another.</summary>
public sealed class SessionFloodTests
{
    [Fact]
    public async Task Members_of_a_new_session_count_by_the_hundred()
    {
        await using var server = await StartAsync(perMinute: 10);
        var rest = new RestServer(server);
        var members = Enumerable.Range(0, 800).Select(i => $"user-{i}");

        await rest.CreateAsync("mina", new { members });
        var refused = await rest.SendAsync("mina", "POST", "/api/chat/sessions", new { members, channel_url = "wanted" });
        refused.AssertProblem(429, "RATE_LIMIT");
        Assert.NotNull(refused.Headers.RetryAfter);

        // A name is not spent on a session that was refused; another user has a bucket of its own.
        await rest.CreateAsync("juno", new { channel_url = "wanted" });
    }

    [Fact]
    public async Task More_members_than_the_bucket_holds_take_all_of_it()
    {
        await using var server = await StartAsync(perMinute: 5);
        var rest = new RestServer(server);

        var session = await rest.CreateAsync("mina", new { members = Enumerable.Range(0, 1000).Select(i => $"user-{i}") });

        (await rest.SendAsync("mina", "POST", "/api/chat/sessions", "{}")).AssertProblem(429, "RATE_LIMIT");
        // Messages have a bucket of their own.
        Assert.Equal(System.Net.HttpStatusCode.Created, (await rest.PostAsync("mina", session, "hello")).Status);
    }

    [Fact]
    public async Task Titles_members_and_archives_count()
    {
        await using var server = await StartAsync(perMinute: 6);
        var rest = new RestServer(server);
        var session = "/api/chat/sessions/" + await rest.CreateAsync("mina");

        foreach (var (method, path, body) in new (string, string, string?)[]
        {
            ("PATCH", "", """{"title":"a"}"""), ("POST", "/members", """{"user_id":"juno"}"""), ("DELETE", "/members/juno", null), ("DELETE", "", null), ("PATCH", "", """{"status":"active"}"""),
        })
        {
            Assert.True((await rest.SendAsync("mina", method, session + path, body)).Status < System.Net.HttpStatusCode.BadRequest);
        }

        (await rest.SendAsync("mina", "PATCH", session, """{"title":"b"}""")).AssertProblem(429, "RATE_LIMIT");
        (await rest.SendAsync("mina", "POST", "/api/chat/sessions", "{}")).AssertProblem(429, "RATE_LIMIT");
    }

    [Fact]
    public void What_takes_no_token_gives_none_back()
    {
        var limiter = new RateLimiter(perMinute: 1, new ManualTime());
        var caller = new Caller("7", "Bot", IsAgent: true);
        var post = new PostMessage { Caller = caller, MessageId = MessageId.New(), RunId = MessageId.New(), Content = "hello" };
        Assert.Null(limiter.Take(post));

        // Each repeat of a stream's start is told so, and so would earn a message.
        limiter.GiveBack(new StartStream { Caller = caller, MessageId = MessageId.New(), ClientMessageId = "mine" });
        Assert.NotNull(limiter.Take(post));

        limiter.GiveBack(post);
        Assert.Null(limiter.Take(post));
    }

    private static Task<TestServer> StartAsync(int perMinute) => TestServer.StartAsync(
        o => o with { RateLimit = new RateLimitOptions { Enabled = true, MessagesPerMinute = perMinute } }, new ManualTime());
}
