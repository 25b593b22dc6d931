using System.Net;
using Chat.Tests.Support;

namespace Chat.Tests.Endpoints;

public sealed class RestFaultsTests
{
    [Fact]
    public async Task One_who_sends_too_much_is_told_when_to_come_back()
    {
        await using var server = await TestServer.StartAsync(options => options with { RateLimit = options.RateLimit with { Enabled = true, MessagesPerMinute = 2 } });
        var rest = new RestServer(server);
        var session = await rest.CreateAsync("mina");
        await rest.PostAsync("mina", session, "one");
        await rest.PostAsync("mina", session, "two");

        var refused = await rest.PostAsync("mina", session, "three");
        refused.AssertProblem(429, "RATE_LIMIT");
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
        (await rest.SendAsync("mina", "POST", $"/api/chat/sessions/{session}/messages/stream", new { content = "four" })).AssertProblem(429, "RATE_LIMIT");
        Assert.Equal(HttpStatusCode.OK, (await rest.SendAsync("mina", "GET", $"/api/chat/sessions/{session}/messages")).Status);
    }

    [Fact]
    public async Task Lists_and_pages_refuse_rather_than_show_what_is_old()
    {
        await using var server = await TestServer.StartAsync(options => options with { Storage = options.Storage with { ReadWait = TimeSpan.FromMilliseconds(50) } });
        var rest = new RestServer(server);
        await server.Node.Projector.DisposeAsync();
        var session = await rest.CreateAsync("mina");
        foreach (var path in new[] { "", $"/{session}/messages", $"/{session}/streams/msg_x" })
        {
            var refused = await rest.SendAsync("mina", "GET", "/api/chat/sessions" + path);
            refused.AssertProblem(503, "STORAGE_UNAVAILABLE");
            Assert.NotNull(refused.Headers.RetryAfter);
        }
        var shown = await rest.SendAsync("mina", "GET", $"/api/chat/sessions/{session}");
        Assert.Equal(HttpStatusCode.OK, shown.Status);
        Assert.True(shown.Headers.CacheControl!.NoStore);
    }
}
