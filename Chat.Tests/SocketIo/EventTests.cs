using System.Collections.Concurrent;
using System.Text.Json;
using Chat.Host.SocketIo;
using Chat.Host.SocketIo.Engine;

namespace Chat.Tests.SocketIo;

/// <summary>Events and acks, with and without binary.</summary>
public sealed class EventTests
{
    [Theory]
    [InlineData("""42["message",1,"2",{"3":[true]}]""", """42["message-back",1,"2",{"3":[true]}]""")]
    [InlineData("""42["message"]""", """42["message-back"]""")]
    [InlineData("""42["message", 1.50e3, "\ud800", "한글\/"]""", """42["message-back",1.50e3,"\ud800","한글\/"]""")]
    [InlineData("""42["message",{"_placeholder":true,"num":9}]""", """42["message-back",{"_placeholder":true,"num":9}]""")]
    [InlineData("""42456["message-with-ack",1,"2",{"3":[false]}]""", """43456[1,"2",{"3":[false]}]""")]
    [InlineData("""420["message-with-ack"]""", "430[]")]
    [InlineData("""450-["message",1]""", """42["message-back",1]""")]
    public async Task Arguments_come_back_as_they_were(string sent, string expected)
    {
        await using var host = await StartAsync();
        using var client = await EngineSocket.JoinAsync(host);
        await client.SendAsync(sent);
        Assert.Equal(expected, await client.ReadAsync());
    }

    [Fact]
    public async Task Binary_arguments_come_back_behind_their_packet()
    {
        await using var host = await StartAsync();
        using var client = await EngineSocket.JoinAsync(host);
        await client.SendAsync("""452-["message",{"_placeholder":true,"num":0},{"a":[{"num":1,"_placeholder":true}]}]""");
        await client.SendAsync([1, 2, 3]);
        await client.SendAsync("3");
        await client.SendAsync([4, 5, 6]);
        Assert.Equal("""452-["message-back",{"_placeholder":true,"num":0},{"a":[{"num":1,"_placeholder":true}]}]""", await client.ReadAsync());
        Assert.Equal("#010203", await client.ReadAsync());
        Assert.Equal("#040506", await client.ReadAsync());
        await client.SendAsync("""451-789["message-with-ack",{"_placeholder":true,"num":0}]""");
        await client.SendAsync([7]);
        Assert.Equal("""461-789[{"_placeholder":true,"num":0}]""", await client.ReadAsync());
        Assert.Equal("#07", await client.ReadAsync());
    }

    [Fact]
    public async Task Binary_goes_by_polling_too()
    {
        await using var host = await StartAsync();
        var client = await PollingClient.JoinAsync(host);
        Assert.Equal("200 ok", await client.PostAsync("451-[\"message\",{\"_placeholder\":true,\"num\":0}]\u001ebAQIDBA=="));
        Assert.Equal("200 451-[\"message-back\",{\"_placeholder\":true,\"num\":0}]\u001ebAQIDBA==", await client.PollAsync());
    }

    [Fact]
    public async Task A_handler_sees_the_bytes_and_may_send_others()
    {
        await using var host = await StartAsync();
        host.Server.Of("/").On("sum", e =>
        {
            Assert.False(e.Arguments.TryGetBinary(e.Arguments[0], out _));
            Assert.True(e.Arguments.TryGetBinary(e.Arguments[0].GetProperty("bytes"), out var bytes));
            e.Ack(w =>
            {
                w.WriteBinary(new byte[] { (byte)bytes.Span.ToArray().Sum(b => b) });
                w.Json.WriteStartArray();
                w.WriteBinary(bytes.ToArray());
                w.Json.WriteEndArray();
            });
            return default;
        });
        using var client = await EngineSocket.JoinAsync(host);
        await client.SendAsync("""451-1["sum",{"bytes":{"_placeholder":true,"num":0}}]""");
        await client.SendAsync([1, 2, 3]);
        Assert.Equal("""462-1[{"_placeholder":true,"num":0},[{"_placeholder":true,"num":1}]]""", await client.ReadAsync());
        Assert.Equal("#06", await client.ReadAsync());
        Assert.Equal("#010203", await client.ReadAsync());
    }

    [Fact]
    public async Task Events_of_a_client_are_handled_one_at_a_time_in_order_and_acknowledged_once()
    {
        await using var host = await StartAsync();
        var (running, order, worst) = (0, new ConcurrentQueue<int>(), 0);
        host.Server.Of("/").On("work", async e =>
        {
            worst = Math.Max(worst, Interlocked.Increment(ref running));
            await Task.Yield();
            order.Enqueue(e.Arguments[0].GetInt32());
            Interlocked.Decrement(ref running);
            e.Ack();
            e.Ack(w => w.Json.WriteStringValue("twice"));
        });
        using var client = await EngineSocket.JoinAsync(host);
        for (var i = 0; i < 100; i++)
        {
            await client.SendAsync($"42{i}[\"work\",{i}]");
        }
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal($"43{i}[]", await client.ReadAsync());
        }
        Assert.Equal(Enumerable.Range(0, 100), order);
        Assert.Equal(1, worst);
    }

    [Fact]
    public async Task A_heartbeat_does_not_end_who_waits_for_a_slow_handler()
    {
        await using var host = await StartAsync();
        var gate = new TaskCompletionSource();
        var begun = new TaskCompletionSource();
        host.Server.Of("/").On("slow", async e =>
        {
            begun.SetResult();
            await gate.Task;
            e.Ack();
        });
        using var client = await EngineSocket.JoinAsync(host);
        await client.SendAsync("421[\"slow\"]");
        await begun.Task;
        host.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal("2", await client.ReadAsync());
        await client.SendAsync("3");
        gate.SetResult();
        Assert.Equal("431[]", await client.ReadAsync());
        await client.SendAsync("422[\"message-with-ack\"]");
        Assert.Equal("432[]", await client.ReadAsync());
    }

    [Fact]
    public async Task An_unknown_event_is_ignored_or_given_to_the_hook()
    {
        await using var host = await StartAsync();
        using var client = await EngineSocket.JoinAsync(host);
        await client.SendAsync("""42["nobody knows"]""");
        await client.SendAsync("421[\"message-with-ack\"]");
        Assert.Equal("431[]", await client.ReadAsync());
        host.Server.Of("/").OnUnknownEvent = e =>
        {
            e.Ack(w => w.Json.WriteStringValue(e.Name ?? "none"));
            return default;
        };
        foreach (var (name, expected) in ((string, string)[])[("\"x\"", "x"), ("7", "none"), ("\"\\ud800\"", "none")])
        {
            await client.SendAsync($"421[{name}]");
            Assert.Equal($"431[\"{expected}\"]", await client.ReadAsync());
        }
    }

    [Fact]
    public async Task A_handler_that_throws_ends_the_session_with_1011()
    {
        await using var host = await StartAsync();
        host.ExpectFault();
        host.Server.Of("/").On("fail", _ => throw new InvalidOperationException("On purpose"));
        using var client = await EngineSocket.JoinAsync(host);
        await client.SendAsync("42[\"fail\"]");
        Assert.Equal("close 1011 The server failed", await client.ReadAsync());
    }

    [Fact]
    public async Task One_frame_goes_to_many_whichever_their_transport()
    {
        await using var host = await StartAsync();
        var sockets = new ConcurrentQueue<SocketIoSocket>();
        host.Server.Of("/").OnConnected = (socket, _) =>
        {
            sockets.Enqueue(socket);
            return default;
        };
        using var socket = await EngineSocket.JoinAsync(host);
        var polling = await PollingClient.JoinAsync(host);
        await SocketIoHost.UntilAsync(() => sockets.Count == 2);
        var frame = SocketIoPacket.EncodeEvent("/", "new_message", w => w.Json.WriteStringValue("안녕"));
        foreach (var each in sockets)
        {
            Assert.True(await each.WhenWritableAsync());
            each.Send(frame);
        }
        Assert.Equal("42[\"new_message\",\"안녕\"]", await socket.ReadAsync());
        Assert.Equal("200 42[\"new_message\",\"안녕\"]", await polling.PollAsync());
        host.Server.CloseAll(1012, "");
        Assert.All(sockets, s => Assert.False(s.WhenWritableAsync().AsTask().GetAwaiter().GetResult()));
    }

    [Fact]
    public void Received_arguments_are_written_before_other_bytes()
    {
        using var json = JsonDocument.Parse("[\"e\",1]");
        var arguments = new EventArguments(json.RootElement, []);
        Assert.Throws<InvalidOperationException>(() => ArgumentWriter.Write("e", w =>
        {
            w.WriteBinary(new byte[1]);
            w.WriteAll(arguments);
        }));
    }

    internal static async Task<SocketIoHost> StartAsync(EngineOptions? engine = null, SocketIoOptions? options = null, TimeProvider? time = null)
    {
        var host = await SocketIoHost.StartAsync(engine, options, time);
        var space = host.Server.Of("/");
        space.On("message", e =>
        {
            e.Socket.Emit("message-back", w => w.WriteAll(e.Arguments));
            return default;
        });
        space.On("message-with-ack", e =>
        {
            e.Ack(w => w.WriteAll(e.Arguments));
            return default;
        });
        return host;
    }
}
