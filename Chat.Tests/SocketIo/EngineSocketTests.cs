using Chat.Host.SocketIo.Engine;

namespace Chat.Tests.SocketIo;

/// <summary>Sessions on a WebSocket from the start, and the bounds of what waits for a client.</summary>
public sealed class EngineSocketTests
{
    [Fact]
    public async Task Text_and_bytes_of_every_length_come_back_in_order()
    {
        await using var host = await SocketIoHost.StartAsync();
        using var socket = await EngineSocket.ConnectAsync(host);
        int[] lengths = [0, 1, 124, 125, 126, 65_535, 65_536, 200_000];
        foreach (var length in lengths)
        {
            await socket.SendAsync("4" + new string('가', length / 3));
            await socket.SendAsync(new byte[length]);
        }
        foreach (var length in lengths)
        {
            Assert.Equal("4" + new string('가', length / 3), await socket.ReadAsync());
            Assert.Equal("#" + Convert.ToHexString(new byte[length]), await socket.ReadAsync());
        }
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("")]
    [InlineData("2")]
    [InlineData("5")]
    [InlineData("0")]
    public async Task What_is_no_packet_closes_the_socket(string packet)
    {
        await using var host = await SocketIoHost.StartAsync();
        using var socket = await EngineSocket.ConnectAsync(host);
        await socket.SendAsync(packet);
        Assert.Equal("close 1008 Not the protocol", await socket.ReadAsync());
        await SocketIoHost.UntilAsync(() => host.Ends.SequenceEqual([EngineEndReason.ParseError]) && host.Engine.Count == 0);
    }

    [Fact]
    public async Task A_message_over_the_limit_closes_with_1009()
    {
        await using var host = await SocketIoHost.StartAsync(new EngineOptions { MaxPayload = 1000 });
        using var socket = await EngineSocket.ConnectAsync(host);
        await socket.SendAsync("4" + new string('x', 999));
        Assert.Equal(1000, (await socket.ReadAsync()).Length);
        await socket.SendAsync(new byte[100_000]);
        Assert.Equal("close 1009 A message has at most 1000 bytes", await socket.ReadAsync());
    }

    [Fact]
    public async Task A_close_packet_closes_the_socket()
    {
        await using var host = await SocketIoHost.StartAsync();
        using var socket = await EngineSocket.ConnectAsync(host);
        await socket.SendAsync("1");
        Assert.Equal("close 1000", await socket.ReadAsync());
        await SocketIoHost.UntilAsync(() => host.Ends.SequenceEqual([EngineEndReason.ClosedByClient]));
    }

    [Fact]
    public async Task The_server_closes_with_its_code_after_what_is_queued()
    {
        await using var host = await SocketIoHost.StartAsync();
        using var socket = await EngineSocket.ConnectAsync(host);
        host.Sessions.Single().SendText("bye"u8);
        host.Sessions.Single().Close(1013, "Overloaded");
        Assert.Equal("4bye", await socket.ReadAsync());
        Assert.Equal("close 1013 Overloaded", await socket.ReadAsync());
        Assert.False(await host.Sessions.Single().WhenWritableAsync());
    }

    [Fact]
    public async Task A_producer_waits_for_a_client_that_does_not_poll()
    {
        await using var host = await SocketIoHost.StartAsync(new EngineOptions { QueueLimit = 10_000 });
        var client = await PollingClient.OpenAsync(host);
        var session = host.Sessions.Single();
        var sent = 0;
        while (IsWritable(session))
        {
            session.SendText(new byte[1000]);
            sent++;
        }
        Assert.InRange(sent, 9, 11);
        var writable = session.WhenWritableAsync().AsTask();
        Assert.False(writable.IsCompleted);
        Assert.StartsWith("200 4", await client.PollAsync());
        Assert.True(await writable);

        while (IsWritable(session))
        {
            session.SendText(new byte[1000]);
        }
        writable = session.WhenWritableAsync().AsTask();
        session.Close(1008, "Removed");
        Assert.False(await writable);
    }

    [Fact]
    public async Task Nothing_more_is_taken_from_a_client_that_does_not_read_its_answers()
    {
        await using var host = await SocketIoHost.StartAsync(new EngineOptions { QueueLimit = 10_000 });
        var client = await PollingClient.OpenAsync(host);
        var body = string.Join('\u001e', Enumerable.Repeat("4" + new string('x', 1000), 100));
        var post = client.PostAsync(body);
        var session = host.Sessions.Single();
        await SocketIoHost.UntilAsync(() => !IsWritable(session));
        Assert.False(post.IsCompleted);
        var back = 0;
        while (back < 100)
        {
            var poll = await client.PollAsync();
            Assert.StartsWith("200 4", poll);
            var count = poll.Split('\u001e').Length;
            Assert.InRange(count, 1, 12);
            back += count;
        }
        Assert.Equal("200 ok", await post);
    }

    [Fact]
    public async Task A_client_that_never_reads_its_answers_is_let_go_with_its_POST()
    {
        await using var host = await SocketIoHost.StartAsync(new EngineOptions { QueueLimit = 10_000 });
        var client = await PollingClient.OpenAsync(host);
        var post = client.PostAsync(string.Join('\u001e', Enumerable.Repeat("4" + new string('x', 1000), 100)));
        await SocketIoHost.UntilAsync(() => !IsWritable(host.Sessions.Single()));
        host.Time.Advance(TimeSpan.FromSeconds(45));
        Assert.StartsWith("400 ", await post);
        Assert.Equal(0, host.Engine.Count);
    }

    [Fact]
    public async Task A_session_for_which_far_too_much_waits_is_closed()
    {
        await using var host = await SocketIoHost.StartAsync(new EngineOptions { QueueLimit = 1000, QueueMaximum = 10_000 });
        await PollingClient.OpenAsync(host);
        var session = host.Sessions.Single();
        for (var i = 0; i < 11; i++)
        {
            session.SendText(new byte[1000]);
        }
        Assert.False(session.IsOpen);
        Assert.Equal(0, host.Engine.Count);
    }

    private static bool IsWritable(EngineSession session) => session.WhenWritableAsync().AsTask().IsCompleted;
}
