using Chat.Host.SocketIo.Engine;

namespace Chat.Tests.SocketIo;

/// <summary>Pings, and the deadline of their answers, to the millisecond.</summary>
public sealed class EngineHeartbeatTests
{
    private const string Unknown = """400 {"code":1,"message":"Session ID unknown"}""";

    private static readonly EngineOptions Options = new() { PingInterval = TimeSpan.FromMilliseconds(300), PingTimeout = TimeSpan.FromMilliseconds(200) };

    [Fact]
    public async Task A_polling_client_is_pinged_at_the_interval_however_late_it_answers()
    {
        await using var host = await SocketIoHost.StartAsync(Options);
        var client = await PollingClient.OpenAsync(host);
        host.Time.Advance(200);
        for (var i = 0; i < 3; i++)
        {
            var poll = await client.WaitAsync();
            host.Time.Advance(99);
            Assert.False(poll.IsCompleted);
            host.Time.Advance(1);
            Assert.Equal("200 2", await poll);
            host.Time.Advance(199);
            Assert.Equal("200 ok", await client.PostAsync("3"));
            host.Time.Advance(1);
        }
    }

    [Fact]
    public async Task An_answer_that_nobody_asked_for_puts_nothing_off()
    {
        await using var host = await SocketIoHost.StartAsync(Options);
        var client = await PollingClient.OpenAsync(host);
        host.Time.Advance(299);
        Assert.Equal("200 ok", await client.PostAsync("3"));
        host.Time.Advance(201);
        Assert.Equal(Unknown, await client.PollAsync());
    }

    [Fact]
    public async Task An_answer_later_than_the_next_ping_begins_a_new_interval()
    {
        await using var host = await SocketIoHost.StartAsync(Options with { PingTimeout = TimeSpan.FromSeconds(1) });
        using var socket = await EngineSocket.ConnectAsync(host);
        host.Time.Advance(300);
        Assert.Equal("2", await socket.ReadAsync());
        host.Time.Advance(700);
        await socket.SendAsync("3");
        await socket.SendAsync("4heard");
        Assert.Equal("4heard", await socket.ReadAsync());
        host.Time.Advance(299);
        await socket.SendAsync("4not yet");
        Assert.Equal("4not yet", await socket.ReadAsync());
        host.Time.Advance(1);
        Assert.Equal("2", await socket.ReadAsync());
    }

    [Fact]
    public async Task A_session_is_unknown_from_its_deadline_on()
    {
        await using var host = await SocketIoHost.StartAsync(Options);
        var (early, late) = (await PollingClient.OpenAsync(host), await PollingClient.OpenAsync(host));
        host.Time.Advance(499);
        Assert.Equal("200 2", await early.PollAsync());
        host.Time.Advance(1);
        Assert.Equal(Unknown, await late.PollAsync());
        Assert.Equal(Unknown, await early.PostAsync("3"));
        Assert.Equal(0, host.Engine.Count);
        await SocketIoHost.UntilAsync(() => host.Ends.SequenceEqual([EngineEndReason.PingTimeout, EngineEndReason.PingTimeout]));
    }

    [Fact]
    public async Task A_deadline_does_not_wait_for_a_timer_that_is_late()
    {
        await using var host = await SocketIoHost.StartAsync(Options with { PingInterval = TimeSpan.FromHours(1) });
        var client = await PollingClient.OpenAsync(host);
        var session = host.Sessions.Single();
        lock (session.Gate)
        {
            // The timer comes due, and its callback stands at the session's door.
            var timer = Task.Run(() => host.Time.Skip(TimeSpan.FromHours(2)));
            Assert.True(SpinWait.SpinUntil(() => host.Time.Elapsed >= TimeSpan.FromHours(2), TimeSpan.FromSeconds(30)));
            Assert.False(session.IsKnown());
        }
        Assert.Equal(Unknown, await client.PollAsync());
    }

    [Fact]
    public async Task A_waiting_poll_is_told_when_the_answer_to_a_ping_is_missing()
    {
        await using var host = await SocketIoHost.StartAsync(Options);
        var client = await PollingClient.OpenAsync(host);
        var poll = await client.WaitAsync();
        host.Time.Advance(300);
        Assert.Equal("200 2", await poll);
        poll = await client.WaitAsync();
        host.Time.Advance(200);
        Assert.Equal("200 1", await poll);
        Assert.Equal(Unknown, await client.PollAsync());
    }

    [Fact]
    public async Task A_WebSocket_is_pinged_and_closed_when_it_keeps_silent()
    {
        await using var host = await SocketIoHost.StartAsync(Options);
        using var socket = await EngineSocket.ConnectAsync(host);
        for (var i = 0; i < 2; i++)
        {
            host.Time.Advance(i == 0 ? 300 : 200);
            Assert.Equal("2", await socket.ReadAsync());
            host.Time.Advance(100);
            await socket.SendAsync("3");
            await socket.SendAsync("4heard");
            Assert.Equal("4heard", await socket.ReadAsync());
        }
        host.Time.Advance(200);
        Assert.Equal("2", await socket.ReadAsync());
        host.Time.Advance(200);
        Assert.Equal("close 1013 No sign of life", await socket.ReadAsync());
        await SocketIoHost.UntilAsync(() => host.Engine.Count == 0);
    }

    [Fact]
    public async Task Messages_put_the_end_off_for_one_interval_and_no_longer()
    {
        await using var host = await SocketIoHost.StartAsync(Options);
        using var socket = await EngineSocket.ConnectAsync(host);
        host.Time.Advance(300);
        Assert.Equal("2", await socket.ReadAsync());
        for (var elapsed = 400; elapsed < 800; elapsed += 100)
        {
            host.Time.Advance(100);
            await socket.SendAsync("4no answer");
            Assert.Equal("4no answer", await socket.ReadAsync());
        }
        host.Time.Advance(100);
        Assert.Equal("close 1013 No sign of life", await socket.ReadAsync());
    }

    [Fact]
    public async Task A_ping_that_goes_out_late_leaves_the_client_its_whole_time()
    {
        await using var host = await SocketIoHost.StartAsync(Options);
        using var socket = await EngineSocket.ConnectAsync(host);
        host.Time.Skip(TimeSpan.FromMilliseconds(900));
        Assert.Equal("2", await socket.ReadAsync());
        host.Time.Advance(199);
        await socket.SendAsync("4still here");
        Assert.Equal("4still here", await socket.ReadAsync());
    }

    [Fact]
    public async Task A_session_needs_one_timer()
    {
        await using var host = await SocketIoHost.StartAsync();
        host.Server.Of("/");
        var before = host.Time.Armed;
        await PollingClient.OpenAsync(host);
        using var socket = await EngineSocket.ConnectAsync(host);
        using var joined = await EngineSocket.JoinAsync(host);
        // The timer of joining is given back just after the packet that tells of it.
        await SocketIoHost.UntilAsync(() => host.Time.Armed == before + 3);
    }
}
