using Chat.Actors.Delivery;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Security;

/// <summary>What a reader who never reads can make the server hold.</summary>
public sealed class ReplayMemoryTests
{
    [Theory]
    [InlineData(60, 0)]
    [InlineData(300, 3)]
    [InlineData(300, 290)]
    public async Task A_page_of_large_messages_is_bounded_in_bytes(int messages, int largeFrom)
    {
        await using var server = await TestServer.StartAsync();
        var session = await server.CreateSessionAsync("mina");
        var large = new string('한', Limits.Content);
        for (var i = 0; i < messages; i++)
        {
            await server.PostAsync(session, "mina", i < largeFrom ? "small" : large);
        }

        var subscriber = new Subscriber(NativeCodec.Instance, "mina", queueLimit: 1_000_000);
        var hub = server.Node.Hubs.Subscribe(new SessionId(session), subscriber);
        var replay = new Replay(server.Node.Gateway, server.Node.Journal, hub, subscriber, since: 0);
        await replay.BeginAsync(default);
        var (page, shown) = (new List<Frame>(), 0);
        while (!await replay.NextAsync(new Caller("mina", "mina"), page, default))
        {
            Assert.True(page.SkipLast(1).Sum(frame => frame.Length) < Replay.PageBytes);
            shown += page.Count;
            page.Clear();
        }

        Assert.Equal(messages, shown);
    }
}
