using System.Text;
using Chat.Tests.Support;

namespace Chat.Tests.Connections;

/// <summary>Heartbeat and rate limit, on a clock that the test moves.</summary>
public sealed class NativeLifeTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private TestServer _server = null!;
    private string _session = null!;

    public async Task InitializeAsync()
    {
        _server = await TestServer.StartAsync(o => o with { RateLimit = o.RateLimit with { Enabled = true, MessagesPerMinute = 5 } }, _time);
        _session = await _server.CreateSessionAsync("mina", "juno");
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Every_heartbeat_interval_brings_a_ping_and_a_pong_is_life()
    {
        using var client = await ConnectRawAsync();
        for (var beat = 0; beat < 30; beat++)
        {
            _time.Advance(TimeSpan.FromSeconds(30));
            var ping = await client.ExpectAsync(RawWebSocket.PingFrame);
            await client.SendAsync(RawWebSocket.PongFrame, ping);

            // The pong has been read once what was sent after it is answered.
            await client.SendAsync(RawWebSocket.TextFrame, Encoding.UTF8.GetBytes("""{"type":"ping"}"""));
            Assert.Contains("pong", Encoding.UTF8.GetString(await client.ExpectAsync(RawWebSocket.TextFrame)));
        }
    }

    [Fact]
    public async Task A_client_that_shows_no_life_for_the_time_out_is_closed()
    {
        using var silent = await ConnectRawAsync();
        for (var beat = 0; beat < 10; beat++)
        {
            _time.Advance(TimeSpan.FromSeconds(30));
            await silent.ExpectAsync(RawWebSocket.PingFrame);
        }

        _time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal(1013, await silent.ClosedAsync());
    }

    [Fact]
    public async Task A_silent_clients_user_is_gone_for_the_others()
    {
        await using var mina = await ConnectAsync("mina");
        using var silent = await ConnectRawAsync();
        await mina.ExpectAsync("user_joined");

        for (var beat = 0; beat < 12; beat++)
        {
            _time.Advance(TimeSpan.FromSeconds(30));
            await mina.SettleAsync();
        }

        await mina.ExpectAsync("user_left");
    }

    [Fact]
    public async Task The_rate_limit_says_when_to_come_back_and_lets_go_then()
    {
        await using var mina = await ConnectAsync("mina");
        for (var i = 0; i < 5; i++)
        {
            await mina.PostAsync($"{i}");
        }

        await mina.SendAsync(new { type = "message", content = "one too many", client_message_id = "c-6" });
        var error = await mina.ExpectErrorAsync("RATE_LIMIT");
        Assert.Equal("c-6", error.Text("client_message_id"));
        var wait = error.Number("retry_after")!.Value;
        Assert.InRange(wait, 1, 12_000);

        _time.Advance(TimeSpan.FromMilliseconds(wait));
        await mina.PostAsync("one too many", "c-6");
    }

    [Fact]
    public async Task The_rate_limit_is_one_for_all_sockets_of_a_user_and_for_no_other_user()
    {
        await using var one = await ConnectAsync("mina");
        await using var two = await ConnectAsync("mina");
        await using var juno = await ConnectAsync("juno");
        var id = (await one.PostAsync("1")).Text("message_id");
        await two.SendAsync(new { type = "edit", message_id = id, content = "2" });
        await one.SendAsync(new { type = "react", message_id = id, emoji = "3" });
        await two.ExpectAsync("reaction");
        await two.ExpectAsync("message_edited");
        await one.PostAsync("4");
        await two.PostAsync("5");

        await one.SendAsync(new { type = "react", message_id = id, emoji = "6" });
        await one.ExpectErrorAsync("RATE_LIMIT");
        await two.SendAsync(new { type = "message", content = "6" });
        await two.ExpectErrorAsync("RATE_LIMIT");
        await juno.PostAsync("not limited");

        // These do not count.
        await one.SendAsync(new { type = "typing", is_typing = true });
        await one.SendAsync(new { type = "read", seq = 1 });
        await one.SendAsync(new { type = "delete", message_id = id });
        await one.ExpectAsync("message_deleted");
        Assert.Single(one.All("error"));
    }

    private Task<NativeClient> ConnectAsync(string user) => NativeClient.ConnectAsync(_server, _session, user);

    private async Task<RawWebSocket> ConnectRawAsync()
    {
        var client = await RawWebSocket.ConnectAsync(_server, _session, NativeClient.Query(_server.Token("juno")));
        await client.ExpectAsync(RawWebSocket.TextFrame);
        return client;
    }
}
