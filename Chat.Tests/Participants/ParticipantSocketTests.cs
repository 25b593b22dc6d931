using System.Text.Json;
using Chat.Host.Auth;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Participants;

/// <summary>The participant WebSocket over a real server in production mode, frame by frame as seed 001 has them.</summary>
public sealed class ParticipantSocketTests : IAsyncLifetime
{
    private static readonly string[] MessageFields =
        ["content", "message_id", "participant_id", "participant_nickname", "seq", "session_code", "timestamp", "type"];

    private ParticipantWorld _world = null!;

    public async Task InitializeAsync() => _world = await ParticipantWorld.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Theory]
    [InlineData("chat_message", "text")]
    [InlineData("question", "question")]
    public async Task What_one_says_all_are_shown_also_the_one_who_said_it(string type, string stored)
    {
        var mina = await _world.JoinAsync("민아");
        await using var speaker = await _world.ConnectAsync(mina);
        await using var listener = await _world.ConnectAsync("Juno");

        await speaker.SendAsync(new { type, content = "  안녕 <b>  ", participant_id = "another's" });

        var shown = await speaker.ExpectAsync(type);
        Assert.Equal(MessageFields, shown.EnumerateObject().Select(f => f.Name).Order(StringComparer.Ordinal));
        Assert.Equal(
            ("안녕 <b>", mina.Id, "민아", _world.Code),
            (Text(shown, "content"), Text(shown, "participant_id"), Text(shown, "participant_nickname"), Text(shown, "session_code")));
        Assert.Equal(shown.GetRawText(), (await listener.ExpectAsync(type)).GetRawText());
        var posted = Assert.IsType<MessagePosted>((await _world.Server.LogAsync(_world.Session))[^1].Event);
        Assert.Equal((stored, mina.Id, mina.Id), (posted.MessageType, posted.SenderId, posted.ParticipantId));
        Assert.Empty(speaker.All("ack"));
    }

    [Fact]
    public async Task A_send_with_an_id_is_acknowledged_and_stored_once_however_often_it_comes()
    {
        await using var mina = await _world.ConnectAsync("Mina");
        foreach (var content in new[] { "once", "twice" })
        {
            await mina.SendAsync(new { type = "chat_message", content, client_message_id = "c-1" });
        }
        var first = await mina.ExpectAsync("ack");
        var second = await mina.ExpectAsync("ack");

        Assert.Equal(first.GetRawText(), second.GetRawText());
        Assert.Equal("c-1", Text(first, "client_message_id"));
        var shown = await mina.ExpectAsync("chat_message");
        Assert.Equal((Text(first, "message_id"), Seq(first)), (Text(shown, "message_id"), Seq(shown)));
        await mina.SendAsync(new { type = "chat_message", content = "end" });
        Assert.Equal("end", Text(await mina.ExpectAsync("chat_message"), "content"));
    }

    [Fact]
    public async Task The_others_are_told_who_comes_and_goes_and_who_comes_back()
    {
        await using var juno = await _world.ConnectAsync("Juno");
        var who = await _world.JoinAsync("민아");

        for (var time = 0; time < 2; time++)
        {
            await using var mina = await _world.ConnectAsync(who);
            Assert.Equal(
                $$"""{"type":"participant_joined","participant_id":"{{who.Id}}","message":"새 참가자가 접속했습니다."}""", (await juno.ExpectAsync("participant_joined")).GetRawText());
            await mina.CloseAsync();
            Assert.Equal($$"""{"type":"participant_left","participant_id":"{{who.Id}}","message":"민아님이 떠났습니다."}""", (await juno.ExpectAsync("participant_left")).GetRawText());
            // The count was lowered before the others were told.
            Assert.Equal(1, (await _world.StatusAsync())["online_count"].GetInt32());
            Assert.Empty(mina.All("participant_joined"));
        }
    }

    [Fact]
    public async Task A_participant_is_here_until_its_last_socket_ends()
    {
        var who = await _world.JoinAsync("Mina");
        await using var juno = await _world.ConnectAsync("Juno");
        await using var one = await _world.ConnectAsync(who);
        await juno.ExpectAsync("participant_joined");
        await using var two = await _world.ConnectAsync(who);
        await two.SendAsync(new { type = "participant_update" });
        await two.ExpectAsync("participant_update");

        await one.CloseAsync();
        Assert.Equal(2, (await _world.StatusAsync())["online_count"].GetInt32());
        await two.CloseAsync();

        await juno.ExpectAsync("participant_left");
        Assert.Single(juno.All("participant_left"));
        Assert.Equal(1, (await _world.StatusAsync())["online_count"].GetInt32());
    }

    [Fact]
    public async Task Typing_is_shown_to_the_others_and_an_update_to_all()
    {
        var who = await _world.JoinAsync("Mina");
        await using var mina = await _world.ConnectAsync(who);
        await using var juno = await _world.ConnectAsync("Juno");

        await mina.SendAsync(new { type = "typing", is_typing = true });
        Assert.Equal(
            $$"""{"type":"typing","participant_id":"{{who.Id}}","participant_nickname":"Mina","is_typing":true,"session_code":"{{_world.Code}}"}""",
            (await juno.ExpectAsync("typing")).GetRawText());
        await mina.SendAsync(new { type = "typing" });
        Assert.False((await juno.ExpectAsync("typing")).GetProperty("is_typing").GetBoolean());

        await mina.SendAsync(new { type = "participant_update" });
        var update = $$"""{"type":"participant_update","participant_id":"{{who.Id}}","participant_nickname":"Mina","is_online":true,"session_code":"{{_world.Code}}"}""";
        Assert.Equal(update, (await juno.ExpectAsync("participant_update")).GetRawText());
        Assert.Equal(update, (await mina.ExpectAsync("participant_update")).GetRawText());
        Assert.Empty(mina.All("typing"));
    }

    [Fact]
    public async Task A_bad_frame_gets_an_error_and_the_socket_lives_on()
    {
        await using var mina = await _world.ConnectAsync("Mina");
        foreach (var (frame, code, message) in new[]
        {
            ("""{"type":"chat_message","content":"  "}""", "EMPTY_MESSAGE", "Message content cannot be empty"),
            ("""{"type":"question"}""", "EMPTY_MESSAGE", "Question content cannot be empty"),
            ("""{"type":"dance"}""", "UNKNOWN_TYPE", "Unknown message type: dance"),
            ("""{"type":"auth","token":"x"}""", "UNKNOWN_TYPE", "Unknown message type: auth"),
            ("no json", "BAD_JSON", "The frame is not JSON, or deeper than 32 levels"),
        })
        {
            await mina.SendTextAsync(frame);
            Assert.Equal($$"""{"type":"error","code":"{{code}}","message":"{{message}}"}""", (await mina.ExpectAsync("error")).GetRawText());
        }
        await mina.SendAsync(new { type = "chat_message", content = new string('가', 501), client_message_id = "long" });
        var tooLong = await mina.ExpectAsync("error");
        Assert.Equal(("TOO_LONG", "long"), (Text(tooLong, "code"), Text(tooLong, "client_message_id")));

        await mina.SendAsync(new { type = "chat_message", content = new string('가', 500) });
        await mina.ExpectAsync("chat_message");
    }

    [Fact]
    public async Task Participants_and_members_hear_one_another_across_the_faces()
    {
        await using var juno = await _world.ConnectAsync("Juno");
        await using var owner = await NativeClient.ConnectAsync(_world.Server, _world.Session, ParticipantWorld.Owner);
        var coming = await juno.ExpectAsync("participant_joined");
        Assert.Equal(JsonValueKind.Null, coming.GetProperty("participant_id").ValueKind);

        var ack = await owner.PostAsync("from the native face");
        var heard = await juno.ExpectAsync("chat_message");
        Assert.Equal(("from the native face", "mina", ack.Text("message_id")), (Text(heard, "content"), Text(heard, "participant_nickname"), Text(heard, "message_id")));
        Assert.Equal(JsonValueKind.Null, heard.GetProperty("participant_id").ValueKind);

        await juno.SendAsync(new { type = "question", content = "from a participant" });
        var shown = await owner.ExpectAsync("message", f => f.Text("content") == "from a participant");
        Assert.Equal(("question", "Juno", "user"), (shown.Text("message_type"), shown.Text("sender_name"), shown.Text("sender_type")));
        Assert.Equal(Seq(await juno.ExpectAsync("question")), shown.Seq);
        Assert.Equal(1, (await _world.StatusAsync())["online_count"].GetInt32());
    }

    [Fact]
    public async Task An_agents_answer_comes_whole_at_its_end()
    {
        var (_, code) = await _world.CreateAsync(new { joinable = true, agent_id = 1 });
        await using var mina = await _world.ConnectAsync(await _world.JoinAsync("Mina", code));

        await mina.SendAsync(new { type = "chat_message", content = "안녕하세요" });

        var answer = await mina.ExpectAsync(f => Text(f, "type") == "chat_message" && Text(f, "participant_nickname") == "Echo");
        Assert.Equal(MessageFields, answer.EnumerateObject().Select(f => f.Name).Order(StringComparer.Ordinal));
        Assert.Contains("안녕하세요", Text(answer, "content"), StringComparison.Ordinal);
        Assert.Equal(2, mina.All("chat_message").Count);
    }

    [Fact]
    public async Task One_who_comes_back_with_its_cursor_gets_what_it_missed_once_and_in_order()
    {
        var who = await _world.JoinAsync("Mina");
        long cursor;
        await using (var mina = await _world.ConnectAsync(who))
        {
            await mina.SendAsync(new { type = "chat_message", content = "before" });
            cursor = Seq(await mina.ExpectAsync("chat_message"));
            await mina.CloseAsync();
        }
        await _world.Server.PostManyAsync(_world.Session, ParticipantWorld.Owner, 300);

        await using var back = await _world.ConnectAsync(who, cursor);
        await back.ExpectAsync(f => f.TryGetProperty("content", out var content) && content.GetString() == "300");
        await back.SendAsync(new { type = "chat_message", content = "after" });
        await back.ExpectAsync(f => f.TryGetProperty("content", out var content) && content.GetString() == "after");

        var frames = back.All("chat_message");
        Assert.Equal(Enumerable.Range(1, 300).Select(n => $"{n}").Append("after"), frames.Select(f => Text(f, "content")));
        Assert.Equal(frames.Select(Seq).Order(), frames.Select(Seq));
    }

    [Fact]
    public async Task A_cursor_of_another_log_is_told_so()
    {
        await using var mina = await _world.ConnectAsync(await _world.JoinAsync("Mina"), since: 99);

        var reset = await mina.ExpectAsync("system");
        Assert.Equal(("reset", 2L), (Text(reset, "event"), Seq(reset)));
    }

    [Fact]
    public async Task An_archived_session_closes_its_sockets_and_takes_no_new_ones_until_it_is_restored()
    {
        var who = await _world.JoinAsync("Mina");
        await using var mina = await _world.ConnectAsync(who);
        await using var owner = await NativeClient.ConnectAsync(_world.Server, _world.Session, ParticipantWorld.Owner);
        await owner.PostAsync("the last word");

        await _world.Server.DoAsync(_world.Session, new ArchiveSession { Caller = new(ParticipantWorld.Owner, "") });

        Assert.Equal((1008, "Session closed"), await mina.ClosedAsync());
        Assert.Equal("the last word", Text(Assert.Single(mina.All("chat_message")), "content"));
        await owner.ExpectAsync("session_archived");
        await using (var late = await _world.ConnectAsync(who))
        {
            Assert.Equal((1008, "Session closed"), await late.ClosedAsync());
        }

        await _world.Server.DoAsync(_world.Session, new UpdateSession { Caller = new(ParticipantWorld.Owner, ""), Restore = true });
        await using var back = await _world.ConnectAsync(who, since: 0);
        await back.ExpectAsync("chat_message");
    }

    [Fact]
    public async Task A_removed_participants_socket_closes_and_its_nickname_is_free()
    {
        var who = await _world.JoinAsync("Mina");
        await using var mina = await _world.ConnectAsync(who);
        await mina.SendAsync(new { type = "participant_update" });
        await mina.ExpectAsync("participant_update");

        await _world.Server.DoAsync(_world.Session, new RemoveMember { Caller = new(ParticipantWorld.Owner, ""), UserId = who.Id });

        Assert.Equal((1008, "Removed from the session"), await mina.ClosedAsync());
        await using var again = await _world.ConnectAsync(who);
        Assert.Equal((1008, "Participant not found"), await again.ClosedAsync());
        await _world.JoinAsync("Mina");
    }

    [Fact]
    public async Task The_cookie_lets_the_socket_in_as_the_token_does()
    {
        var who = await _world.JoinAsync("Mina");
        await using var mina = await FaceClient.OpenAsync(_world.Server, who.Path, ("Cookie", $"{ParticipantProof.Cookie}={who.Token}"));
        await mina.SendAsync(new { type = "participant_update" });
        await mina.ExpectAsync("participant_update");
        // A token that is out of date does not spoil a good cookie.
        await using var both = await FaceClient.OpenAsync(_world.Server, who.Path + "?token=old", ("Cookie", $"{ParticipantProof.Cookie}={who.Token}"));
        await both.SendAsync(new { type = "chat_message", content = "hello" });
        await both.ExpectAsync("chat_message");
    }

    private static string Text(JsonElement frame, string name) => frame.GetProperty(name).GetString()!;

    private static long Seq(JsonElement frame) => frame.GetProperty("seq").GetInt64();
}
