using Chat.Actors.Delivery;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Connections;

public sealed class NativeFanOutTests(NativeServer native) : IClassFixture<NativeServer>
{
    private readonly TestServer _server = native.Server;

    [Fact]
    public async Task Two_hundred_sockets_all_get_a_hundred_messages_in_order()
    {
        var session = await _server.CreateSessionAsync("mina", "juno");
        var readers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => NativeClient.ConnectAsync(_server, session, "juno")));
        await using var mina = await NativeClient.ConnectAsync(_server, session, "mina");

        for (var i = 1; i <= 100; i++)
        {
            await mina.SendAsync(new { type = "message", content = $"{i}" });
        }

        foreach (var reader in readers)
        {
            await reader.ExpectAsync("message", f => f.Text("content") == "100");
            Assert.Equal(Enumerable.Range(1, 100).Select(i => $"{i}"), reader.Stored.Select(f => f.Text("content")));
            await reader.DisposeAsync();
        }
    }

    [Fact]
    public void Readers_of_one_face_share_the_frame()
    {
        var e = new EncodedEvent(1, 0, Events.Posted());

        Assert.Same(e.FrameFor(NativeCodec.Instance), e.FrameFor(NativeCodec.Instance));
    }

    [Fact]
    public async Task Sessions_do_not_hear_each_other()
    {
        var one = await _server.CreateSessionAsync("mina");
        var two = await _server.CreateSessionAsync("mina");
        await using var inOne = await NativeClient.ConnectAsync(_server, one, "mina");
        await using var inTwo = await NativeClient.ConnectAsync(_server, two, "mina");

        await inOne.PostAsync("in one");
        await inOne.SendAsync(new { type = "typing", is_typing = true });
        await inOne.SettleAsync();
        await inTwo.PostAsync("in two");
        await inTwo.SettleAsync();

        Assert.Equal(["in two"], inTwo.Stored.Select(f => f.Text("content")));
        Assert.Empty(inTwo.All("typing"));
    }
}
