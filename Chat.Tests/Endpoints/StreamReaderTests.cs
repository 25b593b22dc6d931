using System.Net;
using System.Text;
using Chat.Host.Connections;
using Chat.Host.Endpoints;
using Chat.Protocol;
using Chat.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Chat.Tests.Endpoints;

/// <summary>Streams whose readers are slow, silent or too many.</summary>
public sealed class StreamReaderTests
{
    [Fact]
    public async Task A_reader_who_falls_behind_again_and_again_gets_every_event_once()
    {
        await using var server = await TestServer.StartAsync(options => options with { WebSocket = options.WebSocket with { QueueLimit = 1 } });
        var rest = new RestServer(server);
        var session = await rest.CreateAsync("mina");
        var prompt = new { content = "tell", metadata = new { echo = new { tokens = 3000 } } };
        using var first = await rest.OpenAsync("mina", session, prompt);
        var run = (await first.NextAsync())!.MessageId;
        using var second = await EventReader.OpenAsync(server.Http, rest.Request("mina", "GET", $"/api/chat/sessions/{session}/streams/{run}"));

        var events = await first.RestAsync();
        var text = string.Concat(events[..^1].Select(e => e.Content));
        Assert.Equal(string.Join(' ', Enumerable.Range(0, 3000).Select(i => $"t{i}")), text);
        Assert.Equal(Enumerable.Range(0, events.Count - 1), events[..^1].Select(e => e.Data.GetProperty("index").GetInt32()));
        Assert.Equal(text, string.Concat((await second.RestAsync())[1..^1].Select(e => e.Content)));
        while (server.Node.Hubs.Count > 0)
        {
            await Task.Yield();
        }
    }

    [Fact]
    public async Task A_silent_stream_shows_that_it_lives()
    {
        await using var server = await TestServer.StartAsync(time: new EagerPings());
        var rest = new RestServer(server);
        var session = await rest.CreateAsync("mina");
        var slow = new { content = "tell", metadata = new { echo = new { tokens = 2, first_delay_ms = 600_000 } } };
        using var stream = await rest.OpenAsync("mina", session, slow);
        var run = (await stream.NextAsync())!.MessageId;
        var rests = stream.RestAsync();
        while (stream.Pings < 3)
        {
            await Task.Yield();
        }
        await rest.SendAsync("mina", "POST", $"/api/chat/sessions/{session}/streams/{run}/stop");
        Assert.Equal("stream_end", Assert.Single(await rests).Type);
    }

    [Fact]
    public async Task A_stream_ends_when_its_token_does()
    {
        await using var server = await TestServer.StartAsync(time: new EagerPings());
        var rest = new RestServer(server);
        var session = await rest.CreateAsync("mina");
        var slow = new { content = "tell", metadata = new { echo = new { tokens = 2, first_delay_ms = 600_000 } } };
        using var request = rest.Request(null, "POST", $"/api/chat/sessions/{session}/messages/stream", slow);
        // Still taken, for the clock skew.
        request.Headers.Authorization = new("Bearer", server.Token("mina", lifetime: TimeSpan.FromSeconds(-5)));
        using var stream = await EventReader.OpenAsync(server.Http, request);
        Assert.DoesNotContain(await stream.RestAsync(), e => e.Type == "stream_end");
    }

    [Fact]
    public async Task There_is_room_for_so_many_streams()
    {
        await using var server = await TestServer.StartAsync(options => options with { WebSocket = options.WebSocket with { MaxConnections = 1 } });
        var rest = new RestServer(server);
        var session = await rest.CreateAsync("mina");
        var slow = new { content = "tell", metadata = new { echo = new { tokens = 2, first_delay_ms = 600_000 } } };
        using var stream = await rest.OpenAsync("mina", session, slow);
        var run = (await stream.NextAsync())!.MessageId;

        var refused = await rest.SendAsync("mina", "POST", $"/api/chat/sessions/{session}/messages/stream", slow);
        refused.AssertProblem(503, "OVERLOADED");
        Assert.Equal(TimeSpan.FromSeconds(5), refused.Headers.RetryAfter!.Delta);
        Assert.Equal(1, (await rest.SendAsync("mina", "GET", $"/api/chat/sessions/{session}"))["message_count"].GetInt32());

        await rest.SendAsync("mina", "POST", $"/api/chat/sessions/{session}/streams/{run}/stop");
        await stream.RestAsync();
        var registry = server.Services.GetRequiredService<ConnectionRegistry>();
        while (registry.Count > 0)
        {
            await Task.Yield();
        }
        Assert.Equal(HttpStatusCode.OK, (await rest.SendAsync("mina", "GET", $"/api/chat/sessions/{session}/streams/{run}")).Status);
    }

    [Fact]
    public void A_block_is_an_id_and_one_line_of_data()
    {
        var chunk = new StreamChunk { At = Events.At, MessageId = new MessageId("msg_1"), Index = 3, Content = "한\n\"\u2028", Epoch = 1 };
        var frame = SseCodec.Instance.Encode(42, 41, chunk)!;
        Assert.Equal("id: 42\ndata: {\"type\":\"stream_chunk\",\"message_id\":\"msg_1\",\"content\":\"한\\n\\\"\\u2028\",\"index\":3}\n\n", Encoding.UTF8.GetString(frame.Bytes.Span));
        Assert.False(frame.IsLast);
        Assert.Equal(frame.Bytes.Length, frame.Payload.Length);
        Assert.Null(SseCodec.Instance.Encode(1, 0, Events.Posted()));
        var end = new StreamEnded { At = Events.At, MessageId = new MessageId("msg_1"), SenderId = "1", SenderName = "Echo", Status = "complete", Content = "x" };
        Assert.True(SseCodec.Instance.Encode(43, 42, end)!.IsLast);
    }

    /// <summary>The clock of the machine, but for the pings of streams, which come at once.</summary>
    private sealed class EagerPings : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => period == EventStream.PingInterval
            ? base.CreateTimer(callback, state, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1))
            : base.CreateTimer(callback, state, dueTime, period);
    }
}
