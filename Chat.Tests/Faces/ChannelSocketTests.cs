using Chat.Host.Configuration;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Faces;

/// <summary>The channel WebSocket (seed 004) over a real server.</summary>
public sealed class ChannelSocketTests : IAsyncLifetime
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
    public async Task A_message_reaches_everyone_in_the_channel_and_its_sender()
    {
        await MakeAsync("pod_123_chat", "1", "2");
        await using var one = await OpenAsync("pod_123_chat", "1");
        await using var two = await OpenAsync("pod_123_chat", "2");
        var joined = await one.ExpectAsync("USER_JOINED");
        Assert.Equal(["channel_url", "timestamp", "type", "user_id"], joined.EnumerateObject().Select(p => p.Name).Order());
        Assert.Equal(2, joined.Number("user_id"));

        await one.SendTextAsync("""{"type": "MESG", "message": "안녕하세요!"}""");

        foreach (var client in new[] { one, two })
        {
            var frame = await client.ExpectAsync("MESG");
            Assert.Equal(("pod_123_chat", 1, "안녕하세요!"), (frame.Text("channel_url"), frame.Number("user_id"), frame.Text("message")));
            Assert.EndsWith("Z", frame.Text("timestamp"));
        }
        // Whoever comes is shown to the others, not to itself; without a client id nobody is answered.
        Assert.DoesNotContain(two.Frames, f => f.Text("type") is "USER_JOINED" or "ack");
        await two.CloseAsync();
        Assert.Equal(2, (await one.ExpectAsync("USER_LEFT")).Number("user_id"));
    }

    [Fact]
    public async Task All_faces_of_one_session_see_the_same_conversation()
    {
        var session = await MakeAsync("both-faces", "mina", "juno");
        await using var channel = await OpenAsync("both-faces", "mina");
        await using var native = await NativeClient.ConnectAsync(_server, session, "juno");
        Assert.Equal("juno", (await channel.ExpectAsync("USER_JOINED")).Text("user_id"));

        await native.SendAsync(new { type = "message", content = "왜요?", message_type = "question" });
        Assert.Equal("왜요?", (await channel.ExpectAsync("MESG")).Text("message"));
        await channel.SendAsync(new { type = "MESG", message = "  그냥요 " });

        Assert.Equal("  그냥요 ", (await native.ExpectAsync("message", f => f.Text("sender_id") == "mina")).Text("content"));
    }

    [Fact]
    public async Task A_file_is_shown_by_what_it_is_and_once_more_by_whoever_names_it()
    {
        var session = await MakeAsync("files", "mina", "juno");
        await using var client = await OpenAsync("files", "mina");
        var picture = await _server.ShowFileAsync(session, "juno");
        var letter = await _server.ShowFileAsync(session, "juno", "편지.txt", "text/plain");

        var shown = await client.ExpectAsync("IMAGE");
        Assert.Equal(("juno", "화면.png"), (shown.Text("user_id"), shown.Text("message")));
        Assert.Equal(
            $$"""{"file_id":"{{picture.FileId}}","url":"/files/{{picture.FileId}}","name":"화면.png","type":"image/png","size":245632,"thumbnail_url":"/files/{{picture.FileId}}/thumb"}""",
            shown.GetProperty("file").GetRawText());
        Assert.Equal("편지.txt", (await client.ExpectAsync("FILE")).Text("message"));

        await client.SendAsync(new { type = "IMAGE", file_id = letter.FileId, message = "다시 보세요", client_message_id = "c-1" });
        Assert.Equal("c-1", (await client.ExpectAsync("ack")).Text("client_message_id"));
        var again = await client.ExpectAsync("FILE", f => f.Text("user_id") == "mina");
        Assert.Equal(("다시 보세요", letter.FileId), (again.Text("message"), again.GetProperty("file").GetProperty("file_id").GetString()));
    }

    [Fact]
    public async Task An_agents_answer_is_one_message_at_its_end()
    {
        var made = await _server.CreateSessionAsync("mina", agent: (1, "Echo", false));
        await _server.Node.Names.ClaimAsync("channel", "with-agent", new SessionId(made), "mina");
        // The session has to have the name, not only the name the session.
        await using (var refused = await OpenAsync("with-agent", "mina"))
        {
            Assert.Equal(1008, (await refused.ClosedAsync()).Code);
        }
        await MakeAsync("with-agent-2", "mina", agent: 1);
        await using var client = await OpenAsync("with-agent-2", "mina");

        await client.SendAsync(new { type = "MESG", message = "안녕 agent" });

        await client.ExpectAsync("MESG", f => f.Text("user_id") == "mina");
        var answer = await client.ExpectAsync("MESG");
        Assert.Equal(1, answer.Number("user_id"));
        Assert.Contains("안녕 agent", answer.Text("message"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repeat_is_stored_once_and_gets_the_first_ones_answer()
    {
        var session = await MakeAsync("twice", "mina", "juno");
        await using var client = await OpenAsync("twice", "mina");
        var frame = new { type = "MESG", message = "once", client_message_id = "c-1" };

        await client.SendAsync(frame);
        var first = await client.ExpectAsync("ack");
        await client.SendAsync(frame);
        var second = await client.ExpectAsync("ack");

        Assert.Equal((first.Text("message_id"), first.Number("seq")), (second.Text("message_id"), second.Number("seq")));
        Assert.Equal(1, (await _server.ViewAsync(session))!.MessageCount);
    }

    [Fact]
    public async Task A_bad_frame_gets_an_error_and_the_socket_lives_on()
    {
        await MakeAsync("errors", "mina");
        await using var client = await OpenAsync("errors", "mina");

        await client.SendTextAsync("nonsense");
        Assert.Equal("BAD_JSON", await client.ExpectErrorAsync());
        await client.SendAsync(new { type = "ADMM", client_message_id = "c" });
        var unknown = await client.ExpectAsync("error");
        Assert.Equal(("UNKNOWN_TYPE", "Unknown message type: ADMM", "c"), (unknown.Text("code"), unknown.Text("message"), unknown.Text("client_message_id")));
        await client.SendAsync(new { type = "MESG", message = " \n" });
        Assert.Equal("EMPTY_MESSAGE", await client.ExpectErrorAsync());
        await client.SendAsync(new { type = "MESG", message = new string('가', 20_001) });
        Assert.Equal("TOO_LONG", await client.ExpectErrorAsync());
        await client.SendAsync(new { type = "MESG", message = "still here" });
        await client.ExpectAsync("MESG");
    }

    [Fact]
    public async Task A_cursor_brings_what_was_missed_and_then_what_is_live()
    {
        var session = await MakeAsync("resume", "mina");
        await using var live = await OpenAsync("resume", "mina");
        await _server.PostManyAsync(session, "mina", 5);
        var cursor = (await live.ExpectAsync("MESG", f => f.Text("message") == "2")).Number("seq");

        await using var back = await OpenAsync("resume", "mina", $"&since={cursor}");
        foreach (var text in new[] { "3", "4", "5" })
        {
            Assert.Equal(text, (await back.ExpectAsync("MESG")).Text("message"));
        }
        await _server.PostAsync(session, "mina", "6");
        Assert.Equal("6", (await back.ExpectAsync("MESG")).Text("message"));

        await using var bad = await OpenAsync("resume", "mina", "&since=x");
        Assert.Equal(1008, (await bad.ClosedAsync()).Code);
    }

    [Fact]
    public async Task Unknown_channels_strangers_and_bad_tokens_are_told_apart_from_nobody()
    {
        await MakeAsync("private", "mina");
        var refusals = new List<(int, string)>();
        foreach (var path in new[] { "private", "unknown", "a%20b", new string('a', 4000), "..%2F" })
        {
            await using var stranger = await OpenAsync(path, "eve");
            refusals.Add(await stranger.ClosedAsync());
            Assert.Empty(stranger.Frames);
        }
        Assert.Equal([(1008, "Session not found")], refusals.Distinct());

        foreach (var query in new[] { "", "?token=nonsense", "?token=test-token" })
        {
            await using var client = await FaceClient.OpenAsync(_server, "/api/v1/chat/ws/private" + query);
            Assert.Equal((1008, "Missing or bad token"), await client.ClosedAsync());
        }
    }

    [Fact]
    public async Task A_removed_member_is_closed_with_1008()
    {
        var session = await MakeAsync("leaving", "mina", "juno");
        await using var juno = await OpenAsync("leaving", "juno");
        await using var mina = await OpenAsync("leaving", "mina");
        await juno.ExpectAsync("USER_JOINED");

        await _server.DoAsync(session, new RemoveMember { Caller = new Caller("mina", "mina"), UserId = "juno" });

        Assert.Equal(1008, (await juno.ClosedAsync()).Code);
        Assert.Equal("juno", (await mina.ExpectAsync("USER_LEFT")).Text("user_id"));
    }

    [Fact]
    public async Task Archiving_closes_the_channel()
    {
        var session = await MakeAsync("archived", "mina");
        await using var client = await OpenAsync("archived", "mina");
        await client.SendAsync(new { type = "MESG", message = "last", client_message_id = "c" });
        await client.ExpectAsync("ack");

        await _server.DoAsync(session, new ArchiveSession { Caller = new Caller("mina", "mina") });

        Assert.Equal((1008, "Session closed"), await client.ClosedAsync());
        await using var late = await OpenAsync("archived", "mina");
        Assert.Equal((1008, "Session closed"), await late.ClosedAsync());
    }

    [Fact]
    public async Task A_socket_whose_token_expires_is_closed_with_4001()
    {
        await MakeAsync("expiry", "mina");
        var token = _server.Token("mina", lifetime: TimeSpan.FromMinutes(10));
        await using var client = await FaceClient.OpenAsync(_server, "/api/v1/chat/ws/expiry?token=" + token);
        await client.SendAsync(new { type = "MESG", message = "hello" });
        await client.ExpectAsync("MESG");

        _time.Advance(TimeSpan.FromMinutes(11));

        Assert.Equal(4001, (await client.ClosedAsync()).Code);
    }

    [Fact]
    public async Task The_test_door_is_open_to_members_in_development_only()
    {
        await using var server = await TestServer.StartAsync(o => o with { Mode = ChatMode.Development });
        await MakeAsync("dev", "1", members: ["2"], server: server);

        await using var one = await FaceClient.OpenAsync(server, "/api/v1/chat/ws/dev/test?user_id=1");
        await one.SendAsync(new { type = "MESG", message = "no token" });
        Assert.Equal(1, (await one.ExpectAsync("MESG")).Number("user_id"));
        foreach (var query in new[] { "", "?user_id=", "?user_id=3", "?user_id=1&user_id=2" })
        {
            await using var other = await FaceClient.OpenAsync(server, "/api/v1/chat/ws/dev/test" + query);
            Assert.Equal(1008, (await other.ClosedAsync()).Code);
        }
        await Assert.ThrowsAsync<System.Net.WebSockets.WebSocketException>(() => FaceClient.OpenAsync(_server, "/api/v1/chat/ws/dev/test?user_id=1"));
    }

    private Task<FaceClient> OpenAsync(string channel, string user, string more = "") =>
        FaceClient.OpenAsync(_server, $"/api/v1/chat/ws/{channel}?token={_server.Token(user)}{more}");

    private Task<string> MakeAsync(string channel, string owner, params string[] members) => MakeAsync(channel, owner, agent: null, members: members);

    /// <summary>Over REST, as a client would.</summary>
    private async Task<string> MakeAsync(string channel, string owner, int? agent, string[]? members = null, TestServer? server = null)
    {
        var rest = new Endpoints.RestServer(server ?? _server);
        return await rest.CreateAsync(owner, new { channel_url = channel, members = members ?? [], agent_id = agent });
    }

    private Task<string> MakeAsync(string channel, string owner, string[] members, TestServer server) => MakeAsync(channel, owner, agent: null, members, server);
}
