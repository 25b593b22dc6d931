using Chat.Host.SocketIo.Engine;

namespace Chat.Tests.SocketIo;

/// <summary>From polling to a WebSocket.</summary>
public sealed class EngineUpgradeTests
{
    private const string Bad = """400 {"code":3,"message":"Bad request"}""";
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(100);

    [Fact]
    public async Task A_session_moves_with_all_that_is_queued()
    {
        await using var host = await SocketIoHost.StartAsync();
        var client = await PollingClient.OpenAsync(host);
        using var socket = await ProbeAsync(host, client);
        host.Sessions.Single().SendText("queued"u8);
        await socket.SendAsync("5");
        Assert.Equal("4queued", await socket.ReadAsync());
        await socket.SendAsync("4hello");
        Assert.Equal("4hello", await socket.ReadAsync());
        await socket.SendAsync([1, 2, 3]);
        Assert.Equal("#010203", await socket.ReadAsync());
        Assert.Equal(Bad, await client.PollAsync());
        Assert.Equal(Bad, await client.PostAsync("4a"));
        await socket.CloseAsync();
        await SocketIoHost.UntilAsync(() => host.Engine.Count == 0);
        Assert.Equal([EngineEndReason.ClosedByClient], host.Ends);
    }

    [Fact]
    public async Task A_poll_that_waits_when_the_probe_comes_gets_a_noop_at_once()
    {
        await using var host = await SocketIoHost.StartAsync();
        var client = await PollingClient.OpenAsync(host);
        var poll = await client.WaitAsync();
        using var socket = await ProbeAsync(host, client);
        Assert.Equal("200 6", await poll);
        await socket.SendAsync("5");
        await socket.SendAsync("4hello");
        Assert.Equal("4hello", await socket.ReadAsync());
    }

    [Fact]
    public async Task A_poll_that_comes_during_the_probe_gets_a_noop_unless_the_upgrade_follows_at_its_heels()
    {
        await using var host = await SocketIoHost.StartAsync();
        var client = await PollingClient.OpenAsync(host);
        using var socket = await ProbeAsync(host, client);
        var poll = await client.WaitAsync();
        await host.Time.PassAsync(Grace);
        Assert.Equal("200 6", await poll);

        var overtaken = await client.WaitAsync();
        await socket.SendAsync("5");
        Assert.Equal(Bad, await overtaken);
        await socket.SendAsync("4hello");
        Assert.Equal("4hello", await socket.ReadAsync());
    }

    [Fact]
    public async Task Messages_still_come_by_polling_during_the_probe()
    {
        await using var host = await SocketIoHost.StartAsync();
        var client = await PollingClient.OpenAsync(host);
        using var socket = await ProbeAsync(host, client);
        Assert.Equal("200 ok", await client.PostAsync("4hello"));
        Assert.Equal("200 4hello", await client.PollAsync());
    }

    [Fact]
    public async Task A_second_WebSocket_is_closed_and_harms_nobody()
    {
        await using var host = await SocketIoHost.StartAsync();
        var client = await PollingClient.OpenAsync(host);
        using var socket = await ProbeAsync(host, client);
        using var second = await EngineSocket.ConnectAsync(host, sid: client.Sid);
        Assert.Equal("close 1008 Not the protocol", await second.ReadAsync());
        await socket.SendAsync("5");
        using var third = await EngineSocket.ConnectAsync(host, sid: client.Sid);
        Assert.Equal("close 1008 Not the protocol", await third.ReadAsync());
        await socket.SendAsync("4hello");
        Assert.Equal("4hello", await socket.ReadAsync());
    }

    [Theory]
    [InlineData("4hello")]
    [InlineData("2")]
    [InlineData("5")]
    [InlineData("")]
    public async Task Whoever_does_not_probe_is_closed_and_the_session_goes_on_by_polling(string packet)
    {
        await using var host = await SocketIoHost.StartAsync();
        var client = await PollingClient.OpenAsync(host);
        using (var socket = await EngineSocket.ConnectAsync(host, sid: client.Sid))
        {
            await socket.SendAsync(packet);
            Assert.Equal("close 1008 Not the protocol", await socket.ReadAsync());
        }
        await SocketIoHost.UntilAsync(() => !host.Sessions.Single().IsUpgrading);
        Assert.Equal("200 ok", await client.PostAsync("4hello"));
        Assert.Equal("200 4hello", await client.PollAsync());
        using var again = await ProbeAsync(host, client);
        await again.SendAsync("5");
        await again.SendAsync("4hello");
        Assert.Equal("4hello", await again.ReadAsync());
    }

    [Fact]
    public async Task An_upgrade_that_is_not_completed_in_time_is_given_up()
    {
        await using var host = await SocketIoHost.StartAsync(new EngineOptions { UpgradeTimeout = TimeSpan.FromSeconds(7) });
        var client = await PollingClient.OpenAsync(host);
        using var socket = await ProbeAsync(host, client);
        await host.Time.PassAsync(TimeSpan.FromSeconds(7));
        await SocketIoHost.UntilAsync(() => !host.Sessions.Single().IsUpgrading);
        Assert.Equal("200 ok", await client.PostAsync("4hello"));
        Assert.Equal("200 4hello", await client.PollAsync());
    }

    [Fact]
    public async Task A_probe_that_breaks_off_leaves_the_session_polling()
    {
        await using var host = await SocketIoHost.StartAsync();
        var client = await PollingClient.OpenAsync(host);
        var socket = await ProbeAsync(host, client);
        socket.Abort();
        socket.Dispose();
        await SocketIoHost.UntilAsync(() => !host.Sessions.Single().IsUpgrading);
        Assert.Equal("200 ok", await client.PostAsync("4hello"));
        Assert.Equal("200 4hello", await client.PollAsync());
    }

    [Fact]
    public async Task A_session_that_ends_during_the_probe_closes_the_probe()
    {
        await using var host = await SocketIoHost.StartAsync();
        var client = await PollingClient.OpenAsync(host);
        using var socket = await ProbeAsync(host, client);
        Assert.Equal("""400 {"code":3,"message":"Bad request"}""", await client.PostAsync("nonsense"));
        Assert.Equal("close 1008 Not the protocol", await socket.ReadAsync());
        await SocketIoHost.UntilAsync(() => host.Engine.Count == 0);
    }

    private static async Task<EngineSocket> ProbeAsync(SocketIoHost host, PollingClient client)
    {
        var socket = await EngineSocket.ConnectAsync(host, sid: client.Sid);
        await socket.SendAsync("2probe");
        Assert.Equal("3probe", await socket.ReadAsync());
        return socket;
    }
}
