using Chat.Actors.Delivery;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Delivery;

public sealed class ReplayTests : IAsyncLifetime
{
    private TestServer _server = null!;

    public async Task InitializeAsync() => _server = await TestServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task A_page_of_large_messages_holds_some_of_them_only()
    {
        const int Large = 20_000;
        var session = await _server.CreateSessionAsync("mina");
        for (var i = 0; i < 100; i++)
        {
            await _server.PostAsync(session, "mina", $"{i} {new string('x', Large - 5)}");
        }
        await _server.PostManyAsync(session, "mina", 1000);
        var subscriber = new Subscriber(NativeCodec.Instance, "mina", 1 << 20);
        var hub = _server.Node.Hubs.Subscribe(new SessionId(session), subscriber);
        var replay = new Replay(_server.Node.Gateway, _server.Node.Journal, hub, subscriber, since: 0);
        await replay.BeginAsync(default);

        var (count, pages, largest) = (0, 0, 0);
        var frames = new List<Frame>();
        while (!await replay.NextAsync(new Caller("mina", "mina"), frames, default))
        {
            largest = Math.Max(largest, frames.Sum(f => f.Length));
            count += frames.Count;
            pages++;
            frames.Clear();
        }

        Assert.Equal(1100, count);
        Assert.InRange(largest, Large, (128 * 1024) + Large + 500);
        Assert.InRange(pages, 2, 100);
    }
}
