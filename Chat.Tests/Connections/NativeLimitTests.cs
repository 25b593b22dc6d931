using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Chat.Tests.Support;

namespace Chat.Tests.Connections;

/// <summary>What is refused before anything is decided, and that the socket lives on after it.</summary>
public sealed class NativeLimitTests(NativeServer native) : IClassFixture<NativeServer>
{
    private const int SizeLimit = 65_536;

    private readonly TestServer _server = native.Server;

    [Theory]
    [InlineData("", "BAD_JSON")]
    [InlineData("x", "BAD_JSON")]
    [InlineData("{", "BAD_JSON")]
    [InlineData("[]", "BAD_JSON")]
    [InlineData("null", "BAD_JSON")]
    [InlineData("\"message\"", "BAD_JSON")]
    [InlineData("""{"type":"message","content":"a"} {}""", "BAD_JSON")]
    [InlineData("""{"type":"message","content":"a",}""", "BAD_JSON")]
    [InlineData("{}", "UNKNOWN_TYPE")]
    [InlineData("""{"type":"nonsense"}""", "UNKNOWN_TYPE")]
    [InlineData("""{"type":null}""", "UNKNOWN_TYPE")]
    [InlineData("""{"type":"Message","content":"a"}""", "UNKNOWN_TYPE")]
    [InlineData("""{"type":7}""", "BAD_FIELD")]
    [InlineData("""{"type":"message"}""", "BAD_FIELD")]
    [InlineData("""{"type":"message","content":null}""", "BAD_FIELD")]
    [InlineData("""{"type":"message","content":7}""", "BAD_FIELD")]
    [InlineData("""{"type":"message","content":["a"]}""", "BAD_FIELD")]
    [InlineData("""{"type":"message","content":"a","client_message_id":7}""", "BAD_FIELD")]
    [InlineData("""{"type":"message","content":"a","client_message_id":"\u0000"}""", "BAD_FIELD")]
    [InlineData("""{"type":"message","content":"a","metadata":[]}""", "BAD_FIELD")]
    [InlineData("""{"type":"message","content":"a","metadata":{"x":"\u0000"}}""", "BAD_FIELD")]
    [InlineData("""{"type":"message","content":"a","metadata":{"\ud800":1}}""", "BAD_FIELD")]
    [InlineData("""{"type":"message","content":"a","reply_to":7}""", "BAD_FIELD")]
    [InlineData("""{"type":"message","content":"a","message_type":"file"}""", "BAD_FIELD")]
    [InlineData("""{"type":"message","content":"a\u0000"}""", "BAD_FIELD")]
    [InlineData("""{"type":"message","content":"a\ud800"}""", "BAD_FIELD")]
    [InlineData("""{"type":"message","content":"\udc00a"}""", "BAD_FIELD")]
    [InlineData("""{"type":"message","content":""}""", "EMPTY_MESSAGE")]
    [InlineData("""{"type":"message","content":" \t\r\n\u3000"}""", "EMPTY_MESSAGE")]
    [InlineData("""{"type":"typing"}""", "BAD_FIELD")]
    [InlineData("""{"type":"typing","is_typing":"yes"}""", "BAD_FIELD")]
    [InlineData("""{"type":"read"}""", "BAD_FIELD")]
    [InlineData("""{"type":"read","seq":-1}""", "BAD_FIELD")]
    [InlineData("""{"type":"read","seq":1.5}""", "BAD_FIELD")]
    [InlineData("""{"type":"read","seq":1e99}""", "BAD_FIELD")]
    [InlineData("""{"type":"read","seq":"1"}""", "BAD_FIELD")]
    [InlineData("""{"type":"sync"}""", "BAD_FIELD")]
    [InlineData("""{"type":"sync","since":-1}""", "BAD_FIELD")]
    [InlineData("""{"type":"edit","content":"a"}""", "BAD_FIELD")]
    [InlineData("""{"type":"edit","message_id":"msg_unknown","content":" "}""", "EMPTY_MESSAGE")]
    [InlineData("""{"type":"edit","message_id":"msg_unknown","content":"a"}""", "NOT_FOUND")]
    [InlineData("""{"type":"edit","message_id":"\u0000","content":"a"}""", "BAD_FIELD")]
    [InlineData("""{"type":"delete","message_id":"\u0000"}""", "BAD_FIELD")]
    [InlineData("""{"type":"stop","message_id":"\u0000"}""", "BAD_FIELD")]
    [InlineData("""{"type":"react","message_id":"\u0000","emoji":"x"}""", "BAD_FIELD")]
    [InlineData("""{"type":"delete"}""", "BAD_FIELD")]
    [InlineData("""{"type":"delete","message_id":"msg_unknown"}""", "NOT_FOUND")]
    [InlineData("""{"type":"react","message_id":"msg_unknown"}""", "BAD_FIELD")]
    [InlineData("""{"type":"react","message_id":"msg_unknown","emoji":""}""", "BAD_FIELD")]
    [InlineData("""{"type":"react","message_id":"msg_unknown","emoji":"👍","remove":1}""", "BAD_FIELD")]
    [InlineData("""{"type":"react","message_id":"msg_unknown","emoji":"👍"}""", "NOT_FOUND")]
    [InlineData("""{"type":"stop","message_id":7}""", "BAD_FIELD")]
    [InlineData("""{"type":"stop","message_id":"msg_unknown"}""", "NOT_FOUND")]
    [InlineData("""{"type":"stream_chunk","content":"a"}""", "NOT_FOUND")]
    [InlineData("""{"type":"stream_chunk","message_id":"msg_unknown","content":"a"}""", "NOT_FOUND")]
    [InlineData("""{"type":"stream_chunk"}""", "BAD_FIELD")]
    [InlineData("""{"type":"stream_chunk","content":"a","index":-1}""", "BAD_FIELD")]
    [InlineData("""{"type":"stream_end","tokens_used":99999999999}""", "BAD_FIELD")]
    [InlineData("""{"type":"stream_end"}""", "NOT_FOUND")]
    [InlineData("""{"type":"stream_start"}""", "FORBIDDEN")]
    [InlineData("""{"type":"stream_chunk","message_id":"\u0000","content":"a"}""", "BAD_FIELD")]
    [InlineData("""{"type":"stream_end","message_id":"\u0000"}""", "BAD_FIELD")]
    [InlineData("""{"type":"auth"}""", "BAD_FIELD")]
    [InlineData("""{"type":"auth","token":"nonsense"}""", "UNAUTHORIZED")]
    [InlineData("""{"\ud800 half a pair as a name":1,"type":"nonsense"}""", "BAD_FIELD")]
    [InlineData("""{"type\ud800":1}""", "UNKNOWN_TYPE")]
    public async Task A_bad_frame_gets_an_error_and_the_socket_lives_on(string frame, string code)
    {
        var session = await _server.CreateSessionAsync("mina");
        await using var client = await NativeClient.ConnectAsync(_server, session, "mina");

        await client.SendTextAsync(frame);
        await client.ExpectErrorAsync(code);
        await client.PostAsync("still here");

        Assert.Single(client.All("error"));
        Assert.Single((await _server.LogAsync(session)).Skip(1));
    }

    [Fact]
    public async Task An_unknown_type_is_named_in_the_text()
    {
        var session = await _server.CreateSessionAsync("mina");
        await using var client = await NativeClient.ConnectAsync(_server, session, "mina");

        await client.SendTextAsync("""{"type":"dance"}""");
        Assert.Equal("Unknown message type: dance", (await client.ExpectErrorAsync("UNKNOWN_TYPE")).Text("message"));

        // Cut in the middle of a pair, it would be no Unicode any more.
        await client.SendTextAsync($$"""{"type":"{{new string('x', 99)}}😀😀"}""");
        Assert.StartsWith("Unknown message type: xxx", (await client.ExpectErrorAsync("UNKNOWN_TYPE")).Text("message"));
    }

    [Theory]
    [InlineData("""{"type":"message","content":"","client_message_id":"c-1"}""")]
    [InlineData("""{"type":"nonsense","client_message_id":"c-1"}""")]
    [InlineData("""{"type":"message","client_message_id":"c-1"}""")]
    [InlineData("""{"type":"edit","message_id":"x","content":"a","client_message_id":"c-1"}""")]
    [InlineData("""{"type":"delete","message_id":"x","client_message_id":"c-1"}""")]
    [InlineData("""{"type":"react","message_id":"x","emoji":"👍","client_message_id":"c-1"}""")]
    [InlineData("""{"type":"stop","message_id":"x","client_message_id":"c-1"}""")]
    [InlineData("""{"type":"stream_start","client_message_id":"c-1"}""")]
    [InlineData("""{"type":"stream_chunk","message_id":"x","content":"a","client_message_id":"c-1"}""")]
    [InlineData("""{"type":"stream_end","message_id":"x","client_message_id":"c-1"}""")]
    [InlineData("""{"type":"auth","token":"x","client_message_id":"c-1"}""")]
    public async Task An_error_names_the_client_message_id_of_the_refused_frame(string frame)
    {
        var session = await _server.CreateSessionAsync("mina");
        await using var client = await NativeClient.ConnectAsync(_server, session, "mina");

        await client.SendTextAsync(frame);

        Assert.Equal("c-1", (await client.ExpectAsync("error")).OptionalText("client_message_id"));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("한")]
    [InlineData("e\u0301")]
    public async Task Content_has_at_most_20_000_characters(string unit)
    {
        var session = await _server.CreateSessionAsync("mina");
        await using var client = await NativeClient.ConnectAsync(_server, session, "mina");
        var scalars = unit.EnumerateRunes().Count();
        var full = string.Concat(Enumerable.Repeat(unit, 20_000 / scalars));

        await client.SendAsync(new { type = "message", content = full });
        Assert.Equal(full, (await client.ExpectAsync("message")).Text("content"));
        await client.SendTextAsync(JsonSerializer.Serialize(new { type = "message", content = full + "a", client_message_id = "c-1" }, Plain));
        Assert.Equal("c-1", (await client.ExpectErrorAsync("TOO_LONG")).Text("client_message_id"));
    }

    [Fact]
    public async Task Astral_characters_count_once()
    {
        await using var server = await TestServer.StartAsync(o => o with { WebSocket = o.WebSocket with { MessageSizeLimit = 300_000 } });
        var session = await server.CreateSessionAsync("mina");
        await using var client = await NativeClient.ConnectAsync(server, session, "mina");
        var full = string.Concat(Enumerable.Repeat("😀", 20_000));

        await client.SendAsync(new { type = "message", content = full });
        Assert.Equal(full, (await client.ExpectAsync("message")).Text("content"));
        await client.SendTextAsync(JsonSerializer.Serialize(new { type = "message", content = full + "😀" }, Plain));
        await client.ExpectErrorAsync("TOO_LONG");
    }

    [Fact]
    public async Task Names_and_emoji_and_metadata_have_their_limits()
    {
        var session = await _server.CreateSessionAsync("mina");
        await using var client = await NativeClient.ConnectAsync(_server, session, "mina");
        var id = (await client.PostAsync("hello", new string('c', 100))).Text("message_id");
        await client.SendTextAsync(JsonSerializer.Serialize(new { type = "message", content = "a", client_message_id = new string('c', 101) }));
        await client.ExpectErrorAsync("TOO_LONG");

        await client.SendAsync(new { type = "message", content = "a", reply_to = new string('r', 100) });
        await client.ExpectAsync("message", f => f.Has("reply_to"));
        await client.SendTextAsync(JsonSerializer.Serialize(new { type = "message", content = "a", reply_to = new string('r', 101) }));
        await client.ExpectErrorAsync("TOO_LONG");

        await client.SendAsync(new { type = "react", message_id = id, emoji = string.Concat(Enumerable.Repeat("👍", 32)) });
        await client.ExpectAsync("reaction");
        await client.SendTextAsync(JsonSerializer.Serialize(new { type = "react", message_id = id, emoji = new string('e', 33) }));
        await client.ExpectErrorAsync("TOO_LONG");

        await client.SendAsync(new { type = "message", content = "a", metadata = new { x = new string('m', 8192 - 8) } });
        await client.ExpectAsync("message", f => f.Has("metadata"));
        await client.SendTextAsync(JsonSerializer.Serialize(new { type = "message", content = "a", metadata = new { x = new string('m', 8193 - 8) } }));
        await client.ExpectErrorAsync("TOO_LONG");
    }

    [Fact]
    public async Task A_frame_is_at_most_32_levels_deep()
    {
        var session = await _server.CreateSessionAsync("mina");
        await using var client = await NativeClient.ConnectAsync(_server, session, "mina");

        await client.SendTextAsync($$"""{"type":"message","content":"a","metadata":{{Nested(31)}}}""");
        await client.ExpectAsync("message");
        await client.SendTextAsync($$"""{"type":"message","content":"a","metadata":{{Nested(32)}}}""");
        await client.ExpectErrorAsync("BAD_JSON");

        static string Nested(int levels) => """{"x":""" + new string('[', levels - 1) + new string(']', levels - 1) + "}";
    }

    [Theory]
    [InlineData(WebSocketMessageType.Text)]
    [InlineData(WebSocketMessageType.Binary)]
    public async Task A_frame_of_the_size_limit_is_taken_and_one_byte_more_closes_with_1009(WebSocketMessageType type)
    {
        var session = await _server.CreateSessionAsync("mina");
        await using var client = await NativeClient.ConnectAsync(_server, session, "mina");

        await client.SendBytesAsync(OfSize(SizeLimit), type);
        await client.ExpectAsync("pong");
        await client.SendBytesAsync(OfSize(SizeLimit + 1), type);

        Assert.Equal(1009, (await client.ClosedAsync()).Code);
        Assert.Single(client.All("pong"));
    }

    [Fact]
    public async Task A_frame_far_over_the_limit_in_fragments_closes_with_1009()
    {
        var session = await _server.CreateSessionAsync("mina");
        await using var client = await NativeClient.ConnectAsync(_server, session, "mina");
        var fragment = new byte[100_000];

        for (var i = 0; i < 20; i++)
        {
            try
            {
                await client.SendBytesAsync(fragment, endOfMessage: false);
            }
            catch (WebSocketException)
            {
                break; // Closed meanwhile.
            }
        }

        Assert.Equal(1009, (await client.ClosedAsync()).Code);
    }

    [Fact]
    public async Task Another_size_limit_holds_exactly()
    {
        await using var server = await TestServer.StartAsync(o => o with { WebSocket = o.WebSocket with { MessageSizeLimit = 1000 } });
        var session = await server.CreateSessionAsync("mina");
        await using var client = await NativeClient.ConnectAsync(server, session, "mina");

        await client.SendBytesAsync(OfSize(1000));
        await client.ExpectAsync("pong");
        await client.SendBytesAsync(OfSize(1001));

        Assert.Equal(1009, (await client.ClosedAsync()).Code);
    }

    [Fact]
    public async Task Bytes_that_are_no_utf_8_are_against_the_websocket_protocol()
    {
        var session = await _server.CreateSessionAsync("mina");
        using var client = await RawWebSocket.ConnectAsync(_server, session, NativeClient.Query(_server.Token("mina")));

        await client.SendAsync(RawWebSocket.TextFrame, [.. """{"type":"message","content":"""u8, (byte)'"', 0xc3, 0x28, .. "\"}"u8]);

        Assert.Equal(1007, await client.ClosedAsync());
    }

    [Fact]
    public async Task An_agent_and_its_outside_streams_have_their_limits_too()
    {
        var session = await _server.CreateSessionAsync("mina", (7, "Bot", true));
        await using var agent = await NativeClient.ConnectAsync(_server, session, "7", roles: Chat.Host.Auth.Roles.Agent);
        await agent.SendAsync(new { type = "stream_start", message_id = "a" });
        await agent.ExpectAsync("ack");

        await agent.SendTextAsync(JsonSerializer.Serialize(new { type = "stream_chunk", message_id = "a", content = new string('x', 20_001) }));
        await agent.ExpectErrorAsync("TOO_LONG");
        await agent.SendTextAsync("""{"type":"stream_chunk","message_id":"a","content":"\u0000"}""");
        await agent.ExpectErrorAsync("BAD_FIELD");
        await agent.SendTextAsync(JsonSerializer.Serialize(new { type = "stream_start", message_id = "b", content = new string('x', 20_001) }));
        await agent.ExpectErrorAsync("TOO_LONG");
        for (var i = 0; i < 10; i++)
        {
            await agent.SendAsync(new { type = "stream_chunk", message_id = "a", content = new string('x', 20_000), index = i });
        }
        await agent.SendTextAsync("""{"type":"stream_chunk","message_id":"a","content":"one more"}""");
        await agent.ExpectErrorAsync("TOO_LONG");
    }

    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A ping of so many bytes.</summary>
    private static byte[] OfSize(int bytes)
    {
        var frame = Encoding.UTF8.GetBytes("""{"type":"ping","x":""}""");
        return [.. frame[..^2], .. Enumerable.Repeat((byte)'x', bytes - frame.Length), .. frame[^2..]];
    }
}
