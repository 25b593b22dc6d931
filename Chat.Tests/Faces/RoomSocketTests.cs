using System.Text.Json;
using Chat.Host.Configuration;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Faces;

/// <summary>The room WebSocket (seed 002) over a real server in production.</summary>
public sealed class RoomSocketTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private TestServer _server = null!;

    public async Task InitializeAsync()
    {
        var never = TimeSpan.FromDays(1000);
        _server = await TestServer.StartAsync(o => o with { WebSocket = o.WebSocket with { HeartbeatInterval = never, ConnectionTimeout = 2 * never } }, _time);
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task After_each_message_everyone_in_the_room_gets_the_list()
    {
        await using var mina = await OpenAsync("room1", "mina");
        await using var juno = await OpenAsync("room1", "juno");

        await mina.SendTextAsync("""{"username":"민아","content":" 안녕 ","avatar":{"color":"red"},"timestamp":"1999-01-01"}""");
        foreach (var client in new[] { mina, juno })
        {
            var message = Assert.Single(await ListAsync(client, 1));
            Assert.Equal(["username", "content", "room_id", "timestamp", "avatar"], message.EnumerateObject().Select(p => p.Name));
            Assert.Equal(("민아", " 안녕 ", "room1"), (message.Text("username"), message.Text("content"), message.Text("room_id")));
            Assert.StartsWith("2025-01-01T", message.Text("timestamp"));
            Assert.Equal("""{"color":"red"}""", message.GetProperty("avatar").GetRawText());
        }
        await juno.SendAsync(new { content = "no name of my own" });

        Assert.Equal(["민아", "juno"], (await ListAsync(mina, 2)).Select(m => m.Text("username")));
        Assert.DoesNotContain(mina.Frames.Concat(juno.Frames), f => f.Text("type") != "messages");
    }

    [Fact]
    public async Task One_who_comes_gets_the_last_fifty_and_nothing_where_there_are_none()
    {
        await using var first = await OpenAsync("history", "mina");
        for (var i = 1; i <= 60; i++)
        {
            await _server.PostAsync("room:history", "mina", $"{i}");
        }
        // More than the list has at hand are gone, and older ones move up.
        await using var late = await OpenAsync("history", "juno");
        Assert.Equal(Enumerable.Range(11, 50).Select(i => $"{i}"), (await ListAsync(late, 50)).Select(m => m.Text("content")));
        await using var native = await NativeClient.ConnectAsync(_server, "room:history", "mina", since: 0);
        foreach (var frame in Enumerable.Range(1, 60))
        {
            var id = (await native.ExpectAsync("message", f => f.Text("content") == $"{frame}")).Text("message_id");
            if (frame > 5)
            {
                await native.SendAsync(new { type = "delete", message_id = id });
            }
        }

        Assert.Equal(["1", "2", "3", "4", "5"], (await ListAsync(late, 5)).Select(m => m.Text("content")));
        Assert.Equal(["1", "2", "3", "4", "5"], (await ListAsync(first, 5)).Select(m => m.Text("content")));
        // The first list of an empty room came with the first message.
        Assert.NotEqual(0, first.Frames[0].GetProperty("messages").GetArrayLength());
    }

    [Fact]
    public async Task A_room_made_over_REST_is_its_members_unless_it_is_made_open()
    {
        var rest = new Endpoints.RestServer(_server);
        await rest.CreateAsync("mina", new { room_id = "closed", channel_url = "private" });
        await rest.CreateAsync("mina", new { room_id = "open to all", open = true });

        await using var stranger = await OpenAsync("closed", "stranger");
        Assert.Equal((1008, "Session not found"), await stranger.ClosedAsync());
        await using var native = await NativeClient.OpenAsync(_server, "room:closed", NativeClient.Query(_server.Token("stranger")));
        Assert.Equal(1008, (await native.ClosedAsync()).Code);
        await using var guest = await OpenAsync(Uri.EscapeDataString("open to all"), "stranger");
        await guest.SendAsync(new { username = "s", content = "hello" });
        Assert.Equal("hello", Assert.Single(await ListAsync(guest, 1)).Text("content"));
    }

    [Fact]
    public async Task All_faces_share_the_room()
    {
        var rest = new Endpoints.RestServer(_server);
        var made = await rest.SendAsync("mina", "POST", "/api/chat/sessions", new { room_id = "모두의 방", channel_url = "everyone", members = new[] { "juno" } });
        Assert.Equal(System.Net.HttpStatusCode.Created, made.Status);
        Assert.Equal("room:모두의 방", made["session_id"].GetString());
        var location = made.Headers.Location!.OriginalString;
        Assert.Equal("/api/chat/sessions/room%3A" + Uri.EscapeDataString("모두의 방"), location);
        Assert.Equal("room:모두의 방", (await rest.SendAsync("mina", "GET", location))["session_id"].GetString());

        await using var room = await OpenAsync(Uri.EscapeDataString("모두의 방"), "mina");
        await using var channel = await FaceClient.OpenAsync(_server, "/api/v1/chat/ws/everyone?token=" + _server.Token("juno"));
        await using var native = await NativeClient.OpenAsync(_server, Uri.EscapeDataString("room:모두의 방"), NativeClient.Query(_server.Token("juno")));
        await native.ExpectAsync("connected");

        await room.SendAsync(new { username = "민아 in the room", content = "one", mood = "happy" });
        var shown = await native.ExpectAsync("message");
        Assert.Equal(("mina", "민아 in the room"), (shown.Text("sender_id"), shown.Text("sender_name")));
        Assert.Equal("happy", shown.Root.GetProperty("metadata").GetProperty("mood").GetString());
        Assert.Equal("one", (await channel.ExpectAsync("MESG")).Text("message"));
        await channel.SendAsync(new { type = "MESG", message = "two" });
        await channel.ExpectAsync("MESG");
        await native.SendAsync(new { type = "message", content = "three", metadata = new { username = "admin", file = "x", tag = 3 } });
        Assert.Equal(HttpStatus(201), (await rest.PostAsync("juno", "room%3A" + Uri.EscapeDataString("모두의 방"), "four")).Status);

        var list = await ListAsync(room, 4);
        Assert.Equal(["민아 in the room/one", "juno/two", "juno/three", "juno/four"], list.Select(m => $"{m.Text("username")}/{m.Text("content")}"));
        Assert.Equal((3, false), (list[2].GetProperty("tag").GetInt32(), list[2].TryGetProperty("file", out _)));

        await native.SendAsync(new { type = "edit", message_id = (await native.ExpectAsync("message", f => f.Text("content") == "three")).Text("message_id"), content = "3" });
        await room.ExpectAsync("messages", f => f.GetProperty("messages") is var all && all.GetArrayLength() == 4 && all[2].GetProperty("content").GetString() == "3");
        Assert.Contains("room:모두의 방", (await rest.SendAsync("juno", "GET", "/api/chat/sessions")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agents_answer_is_in_the_list_at_its_end_under_its_name()
    {
        var rest = new Endpoints.RestServer(_server);
        await rest.CreateAsync("mina", new { room_id = "with-agent", open = true, agent_id = 1 });
        await using var client = await OpenAsync("with-agent", "mina");

        await client.SendAsync(new { username = "mina", content = "hello agent" });

        Assert.Equal(["mina", "Echo"], (await ListAsync(client, 2)).Select(m => m.Text("username")));
        Assert.Equal([1, 2], client.Frames.Select(f => f.GetProperty("messages").GetArrayLength()));
    }

    [Fact]
    public async Task A_repeat_is_stored_once_and_gets_the_first_ones_answer()
    {
        await using var client = await OpenAsync("twice", "mina");
        var frame = new { username = "mina", content = "once", client_message_id = "c-1" };

        await client.SendAsync(frame);
        var first = await client.ExpectAsync("ack");
        await client.SendAsync(frame);
        var second = await client.ExpectAsync("ack");

        Assert.Equal((first.Text("message_id"), first.Number("seq")), (second.Text("message_id"), second.Number("seq")));
        Assert.Equal("c-1", Assert.Single(await ListAsync(client, 1)).Text("client_message_id"));
        Assert.Equal(1, (await _server.ViewAsync("room:twice"))!.MessageCount);
    }

    [Theory]
    [InlineData("nonsense", "BAD_JSON")]
    [InlineData("[]", "BAD_JSON")]
    [InlineData("""{"username":"a"}""", "BAD_FIELD")]
    [InlineData("""{"username":" ","content":"x"}""", "BAD_FIELD")]
    [InlineData("""{"username":"a","content":" \n"}""", "EMPTY_MESSAGE")]
    [InlineData("""{"username":"a","content":"\u0000"}""", "BAD_FIELD")]
    [InlineData("""{"username":"a","content":"b","x":"\udfff"}""", "BAD_FIELD")]
    public async Task A_bad_frame_gets_an_error_and_the_socket_lives_on(string frame, string code)
    {
        await using var client = await OpenAsync("errors", "mina");

        await client.SendTextAsync(frame);
        Assert.Equal(code, await client.ExpectErrorAsync());
        await client.SendAsync(new { username = "a", content = "b", x = new string('x', Limits.MetadataBytes), client_message_id = "c" });
        var tooLong = await client.ExpectAsync("error");
        Assert.Equal(("TOO_LONG", "c"), (tooLong.Text("code"), tooLong.Text("client_message_id")));
        await client.SendTextAsync($$"""{"username":"a","content":"b","x":{{new string('[', 40)}}{{new string(']', 40)}}}""");
        Assert.Equal("BAD_JSON", await client.ExpectErrorAsync());
        await client.SendTextAsync("""{"username":"a","content":"still here","__proto__":{"polluted":true},"constructor":1,"toString":null}""");
        Assert.Equal("still here", (await ListAsync(client, 1))[0].Text("content"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("?token=")]
    [InlineData("?token=nonsense")]
    [InlineData("?token=test-token")]
    public async Task Production_wants_a_token(string query)
    {
        await using var client = await FaceClient.OpenAsync(_server, "/ws/chat/closed" + query);

        Assert.Equal((1008, "Missing or bad token"), await client.ClosedAsync());
        Assert.Null(await _server.ViewAsync("room:closed"));
    }

    [Theory]
    [InlineData("%0A")]
    [InlineData("a%00b")]
    [InlineData("%E2%80%AE")]
    [InlineData("%EE%80%80")]
    [InlineData(null)]
    public async Task A_name_out_of_its_form_is_refused_and_makes_nothing(string? room)
    {
        room ??= new string('a', 4000);
        try
        {
            await using var client = await OpenAsync(room, "mina");
            Assert.Equal((1008, "Session not found"), await client.ClosedAsync());
        }
        catch (System.Net.WebSockets.WebSocketException)
        {
            // U+0000 in an address is refused below every face.
            Assert.Contains("%00", room, StringComparison.Ordinal);
        }
        Assert.Empty((await new Endpoints.RestServer(_server).SendAsync("mina", "GET", "/api/chat/sessions"))["sessions"].EnumerateArray());
    }

    [Theory]
    [InlineData("room:lobby")]
    [InlineData("code:ABCDEF")]
    [InlineData("channel:x")]
    [InlineData("sess_0000000000000000000000")]
    [InlineData("..%2F..%2Fetc")]
    public async Task A_name_that_looks_like_another_kinds_is_a_room_like_any_other(string room)
    {
        await using var client = await OpenAsync(room, "mina");
        await client.SendAsync(new { username = "a", content = "here" });

        Assert.Equal(room, Assert.Single(await ListAsync(client, 1)).Text("room_id"));
        Assert.NotNull(await _server.ViewAsync("room:" + room));
    }

    [Fact]
    public async Task A_removed_member_is_closed_with_1008_on_every_face()
    {
        await using var mina = await OpenAsync("leaving", "mina");
        await using var juno = await OpenAsync("leaving", "juno");
        await using var native = await NativeClient.OpenAsync(_server, "room:leaving", NativeClient.Query(_server.Token("juno")));
        await native.ExpectAsync("connected");
        await juno.SendAsync(new { username = "juno", content = "hi" });
        await ListAsync(juno, 1);

        await _server.DoAsync("room:leaving", new RemoveMember { Caller = new Caller("mina", "mina"), UserId = "juno" });

        Assert.Equal(1008, (await juno.ClosedAsync()).Code);
        Assert.Equal(1008, (await native.ClosedAsync()).Code);
        await mina.SendAsync(new { username = "mina", content = "alone" });
        await ListAsync(mina, 2);
    }

    [Fact]
    public async Task Archiving_closes_the_room()
    {
        await using var client = await OpenAsync("archived", "mina");
        await client.SendAsync(new { username = "mina", content = "last" });
        await ListAsync(client, 1);

        await _server.DoAsync("room:archived", new ArchiveSession { Caller = new Caller("mina", "mina") });

        Assert.Equal((1008, "Session closed"), await client.ClosedAsync());
        foreach (var user in new[] { "mina", "newcomer" })
        {
            await using var late = await OpenAsync("archived", user);
            Assert.Equal(1008, (await late.ClosedAsync()).Code);
            Assert.Empty(late.Frames);
        }
    }

    [Fact]
    public async Task A_socket_whose_token_expires_is_closed_with_4001()
    {
        await using var client = await FaceClient.OpenAsync(_server, "/ws/chat/expiry?token=" + _server.Token("mina", lifetime: TimeSpan.FromMinutes(10)));
        await client.SendAsync(new { username = "mina", content = "hello" });
        await ListAsync(client, 1);

        _time.Advance(TimeSpan.FromMinutes(11));

        Assert.Equal(4001, (await client.ClosedAsync()).Code);
    }

    [Fact]
    public async Task Closed_rooms_are_their_members_alone()
    {
        await using var server = await TestServer.StartAsync(o => o with { Rooms = new RoomOptions { Open = false } });
        await new Endpoints.RestServer(server).CreateAsync("mina", new { room_id = "club", members = new[] { "juno" } });

        await using var juno = await FaceClient.OpenAsync(server, "/ws/chat/club?token=" + server.Token("juno"));
        await juno.SendAsync(new { username = "juno", content = "in" });
        await ListAsync(juno, 1);
        foreach (var room in new[] { "club", "not-there" })
        {
            await using var eve = await FaceClient.OpenAsync(server, $"/ws/chat/{room}?token={server.Token("eve")}");
            Assert.Equal((1008, "Session not found"), await eve.ClosedAsync());
        }
        Assert.Null(await server.ViewAsync("room:not-there"));
    }

    /// <summary>The first list of this length.</summary>
    internal static async Task<IReadOnlyList<JsonElement>> ListAsync(FaceClient client, int length) =>
        [.. (await client.ExpectAsync("messages", f => f.GetProperty("messages").GetArrayLength() == length)).GetProperty("messages").EnumerateArray()];

    private static System.Net.HttpStatusCode HttpStatus(int status) => (System.Net.HttpStatusCode)status;

    private Task<FaceClient> OpenAsync(string room, string user) => FaceClient.OpenAsync(_server, $"/ws/chat/{room}?token={_server.Token(user)}");
}
