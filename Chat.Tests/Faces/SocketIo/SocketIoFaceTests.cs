using System.Text.Json;
using Chat.Host.Auth;
using Chat.Host.Configuration;
using Chat.Host.Connections;
using Chat.Protocol;
using Chat.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Chat.Tests.Faces.SocketIo;

/// <summary>Seed 000 in development, where anyone may join and whoever names a participant is it.</summary>
public sealed class SocketIoFaceTests : IAsyncLifetime
{
    private TestServer _server = null!;

    public async Task InitializeAsync() => _server = await TestServer.StartAsync(o => o with { Mode = ChatMode.Development });

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task A_join_tells_all_how_many_are_here_and_then_the_joiner_that_it_is_in()
    {
        await using var first = await SocketIoClient.ConnectAsync(_server);
        await first.JoinAsync("talk", "p1", "민수");
        await using var second = await SocketIoClient.ConnectAsync(_server);

        await second.JoinAsync("talk", "p2", "지은");

        Assert.Equal(2, (await second.ExpectAsync("participant_count_update")).GetProperty("count").GetInt32());
        var joined = await second.ExpectAsync("joined_session");
        Assert.Equal(["session_id", "participant_count", "seq"], joined.EnumerateObject().Select(field => field.Name));
        Assert.Equal(("talk", 2), (joined.GetProperty("session_id").GetString(), joined.GetProperty("participant_count").GetInt32()));
        await first.ExpectAsync("joined_session");
        Assert.Equal(2, (await first.ExpectAsync("participant_count_update")).GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task The_last_sockets_end_lowers_the_count_and_presenters_and_guests_do_not_raise_it()
    {
        await using var first = await SocketIoClient.ConnectAsync(_server);
        await first.JoinAsync("count", "p1", "민수");
        await using var guest = await SocketIoClient.ConnectAsync(_server);
        Assert.Equal(1, (await guest.JoinAsync("count", null, "손님")).GetProperty("participant_count").GetInt32());
        await using var presenter = await SocketIoClient.ConnectAsync(_server);
        Assert.Equal(1, (await presenter.JoinAsync("count", "p9", "발표자", "presenter")).GetProperty("participant_count").GetInt32());
        var second = await SocketIoClient.ConnectAsync(_server);
        Assert.Equal(2, (await second.JoinAsync("count", "p2", "지은")).GetProperty("participant_count").GetInt32());

        await second.DisposeAsync();

        await first.ExpectAsync("joined_session");
        while ((await first.ExpectAsync("participant_count_update")).GetProperty("count").GetInt32() != 2)
        {
        }
        Assert.Equal(1, (await first.ExpectAsync("participant_count_update")).GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task A_message_has_the_seeds_fields_is_trimmed_and_reaches_its_sender_too()
    {
        await using var client = await SocketIoClient.ConnectAsync(_server);
        await client.JoinAsync("fields", "p1", "민수");

        var ack = await client.AskAsync("send_message", new { message = "  왜요? ", message_type = "question" });

        var message = await client.ExpectAsync("new_message");
        Assert.Equal(["id", "participant_nickname", "message", "message_type", "created_at", "seq"], message.EnumerateObject().Select(field => field.Name));
        Assert.Equal(("민수", "왜요?", "question"), (Text(message, "participant_nickname"), Text(message, "message"), Text(message, "message_type")));
        Assert.Equal(Text(ack, "id"), Text(message, "id"));
        Assert.Equal(Text(ack, "created_at"), Text(message, "created_at"));
        var stored = Assert.Single((await _server.LogAsync("fields")).Select(e => e.Event).OfType<MessagePosted>());
        Assert.Equal(("p1", "p1"), (stored.SenderId, stored.ParticipantId));
    }

    [Fact]
    public async Task A_repeated_send_is_stored_once_and_gets_the_first_answer()
    {
        await using var client = await SocketIoClient.ConnectAsync(_server);
        await client.JoinAsync("once", "p1", "민수");

        var first = await client.AskAsync("send_message", new { message = "하나", client_message_id = "c1" });
        var second = await client.AskAsync("send_message", new { message = "하나", client_message_id = "c1" });

        Assert.Equal(Text(first, "id"), Text(second, "id"));
        Assert.Single((await _server.LogAsync("once")).Select(e => e.Event).OfType<MessagePosted>());
    }

    [Theory]
    [InlineData("send_message", """{"message":"hello"}""", "NOT_JOINED", "세션에 참여하지 않았습니다.")]
    [InlineData("join_session", """{"session_id":"x"}""", "BAD_FIELD", "필수 데이터가 누락되었습니다.")]
    [InlineData("join_session", """{"nickname":"민수"}""", "BAD_FIELD", "필수 데이터가 누락되었습니다.")]
    [InlineData("join_session", """{"session_id":"x","nickname":"김"}""", "BAD_FIELD", "닉네임은 2글자 이상이어야 합니다.")]
    [InlineData("join_session", """{"session_id":"x","nickname":"민수","role":"king"}""", "BAD_FIELD", "role must be participant or presenter")]
    [InlineData("join_session", """{"session_id":"code:ABC","nickname":"민수"}""", "NOT_FOUND", "Session not found")]
    [InlineData("join_session", """{"session_id":5,"nickname":"민수"}""", "BAD_FIELD", "session_id must be a string")]
    [InlineData("join_session", """["x"]""", "BAD_FIELD", "The argument must be an object")]
    [InlineData("dance", "{}", "UNKNOWN_TYPE", "Unknown event")]
    public async Task What_is_wrong_is_said_by_an_event_and_by_the_acknowledgement(string name, string data, string code, string text)
    {
        await using var client = await SocketIoClient.ConnectAsync(_server);

        var ack = await client.AskAsync(name, JsonDocument.Parse(data).RootElement);

        Assert.False(ack.GetProperty("ok").GetBoolean());
        Assert.Equal((code, text), (Text(ack.GetProperty("error"), "code"), Text(ack.GetProperty("error"), "message")));
        var error = await client.ExpectAsync("error");
        Assert.Equal((code, text), (Text(error, "code"), Text(error, "message")));
        await client.JoinAsync("alive", "p1", "민수");
    }

    [Theory]
    [InlineData("   ", "EMPTY_MESSAGE", "메시지가 비어있습니다.")]
    [InlineData("501", "TOO_LONG", "메시지는 500자를 초과할 수 없습니다.")]
    [InlineData("nul", "BAD_FIELD", null)]
    public async Task A_bad_message_is_not_stored(string message, string code, string? text)
    {
        await using var client = await SocketIoClient.ConnectAsync(_server);
        await client.JoinAsync("bad", "p1", "민수");
        message = message switch { "501" => new string('가', 501), "nul" => "a\0b", _ => message };

        var ack = await client.AskAsync("send_message", new { message, client_message_id = "c1" });

        Assert.Equal(code, Text(ack.GetProperty("error"), "code"));
        var error = await client.ExpectAsync("error");
        Assert.Equal("c1", Text(error, "client_message_id"));
        Assert.True(text is null || text == Text(error, "message"));
        Assert.Empty((await _server.LogAsync("bad")).Select(e => e.Event).OfType<MessagePosted>());
    }

    [Fact]
    public async Task History_is_the_last_50_as_they_stand_now_oldest_first()
    {
        await using var native = await NativeClient.ConnectAsync(_server, "history", "mina");
        for (var i = 0; i < 52; i++)
        {
            await native.PostAsync($"text {i}");
        }
        var messages = native.All("message").Select(frame => frame.Text("message_id")).ToList();
        await native.SendAsync(new { type = "edit", message_id = (await native.ExpectAsync("message", f => f.Text("content") == "text 50")).Text("message_id"), content = "edited" });
        await native.ExpectAsync("message_edited");
        await native.SendAsync(new { type = "delete", message_id = (await native.ExpectAsync("message", f => f.Text("content") == "text 51")).Text("message_id") });
        await native.ExpectAsync("message_deleted");
        await using var client = await SocketIoClient.ConnectAsync(_server);
        await client.JoinAsync("history", null, "민수");

        Assert.True((await client.AskAsync("get_chat_history")).GetProperty("ok").GetBoolean());

        var history = (await client.ExpectAsync("chat_history")).GetProperty("messages").EnumerateArray().ToList();
        Assert.Equal(50, history.Count);
        Assert.True(history.Select(m => m.GetProperty("seq").GetInt64()).SequenceEqual(history.Select(m => m.GetProperty("seq").GetInt64()).Order()));
        var said = history.Where(m => Text(m, "participant_nickname") == "mina").Select(m => Text(m, "message")).ToList();
        Assert.Equal(["edited", ""], said.TakeLast(2));
        Assert.True(history.Single(m => Text(m, "message") == "edited").GetProperty("is_edited").GetBoolean());
    }

    [Fact]
    public async Task A_cursor_resumes_at_the_next_join_with_nothing_lost_or_doubled()
    {
        await using var writer = await SocketIoClient.ConnectAsync(_server);
        await writer.JoinAsync("resume", "p1", "민수");
        var seen = (await writer.AskAsync("send_message", new { message = "seen" })).GetProperty("seq").GetInt64();
        for (var i = 0; i < 20; i++)
        {
            await writer.AskAsync("send_message", new { message = $"missed {i}" });
        }

        await using var reader = await SocketIoClient.ConnectAsync(_server, $$"""{"since":{{seen}}}""");
        await reader.JoinAsync("resume", "p2", "지은");
        await writer.AskAsync("send_message", new { message = "live" });

        while (Text(await reader.ExpectAsync("new_message"), "message") != "live")
        {
        }
        Assert.Equal(
            [.. Enumerable.Range(0, 20).Select(i => $"missed {i}"), "live"],
            reader.Passed.Where(e => e.Name == "new_message").Select(e => Text(e.Data, "message")));
    }

    [Fact]
    public async Task A_cursor_above_the_head_is_told_to_begin_anew()
    {
        await using var client = await SocketIoClient.ConnectAsync(_server, """{"since":1000}""");
        await client.JoinAsync("short", "p1", "민수");
        var reset = await client.ExpectAsync("system");
        Assert.Equal("reset", Text(reset, "event"));
    }

    [Fact]
    public async Task A_cursor_that_is_none_is_refused_at_the_connection()
    {
        await using var client = await SocketIoClient.OpenAsync(_server, """{"since":"yesterday"}""");
        var refusal = await client.ExpectAsync("connect_error");
        Assert.Equal("BAD_FIELD", Text(refusal.GetProperty("data"), "code"));
    }

    [Fact]
    public async Task Another_join_leaves_the_session_before()
    {
        await using var stays = await SocketIoClient.ConnectAsync(_server);
        await stays.JoinAsync("one", "p1", "민수");
        await using var moves = await SocketIoClient.ConnectAsync(_server);
        await moves.JoinAsync("one", "p2", "지은");
        await stays.ExpectAsync("joined_session");
        await stays.ExpectAsync("participant_count_update");

        await moves.JoinAsync("two", "p2", "지은");

        Assert.Equal(1, (await stays.ExpectAsync("participant_count_update")).GetProperty("count").GetInt32());
        await stays.AskAsync("send_message", new { message = "only in one" });
        await moves.AskAsync("send_message", new { message = "in two" });
        Assert.Equal("in two", Text(await moves.ExpectAsync("new_message"), "message"));
    }

    [Fact]
    public async Task Writing_to_an_archived_session_is_refused_and_reading_goes_on()
    {
        await using var client = await SocketIoClient.ConnectAsync(_server);
        await client.JoinAsync("closing", "p1", "민수");
        await _server.Node.Gateway.AskAsync(new SessionId("closing"), new ArchiveSession { Caller = Caller.Server });

        var ack = await client.AskAsync("send_message", new { message = "too late" });

        Assert.Equal("ARCHIVED", Text(ack.GetProperty("error"), "code"));
        Assert.True((await client.AskAsync("get_chat_history")).GetProperty("ok").GetBoolean());
    }

    [Fact]
    public async Task A_removed_participants_socket_closes_with_1008()
    {
        await using var client = await SocketIoClient.ConnectAsync(_server);
        await client.JoinAsync("removal", "p1", "민수");
        await _server.Node.Gateway.AskAsync(new SessionId("removal"), new RemoveMember { Caller = Caller.Server, UserId = "p1" });
        Assert.Equal(1008, (await client.ClosedAsync()).Code);
    }

    [Fact]
    public async Task Activity_is_noted()
    {
        await using var client = await SocketIoClient.ConnectAsync(_server);
        Assert.Equal("NOT_JOINED", Text((await client.AskAsync("activity")).GetProperty("error"), "code"));
        await client.JoinAsync("active", "p1", "민수");
        Assert.True((await client.AskAsync("activity")).GetProperty("ok").GetBoolean());
        Assert.NotNull(_server.Node.Hubs.LastSeen.Find(new SessionId("active"), "p1"));
    }

    [Fact]
    public async Task The_servers_stop_closes_sockets_with_1012_and_gives_their_places_back()
    {
        var client = await SocketIoClient.ConnectAsync(_server);
        await client.JoinAsync("stop", "p1", "민수");
        var registry = _server.Services.GetRequiredService<ConnectionRegistry>();
        Assert.Equal(1, registry.Count);

        _server.Services.GetRequiredService<Chat.Host.Faces.SocketIo.SocketIoFace>().Server.CloseAll(CloseCode.Draining, "The server is stopping");

        Assert.Equal((1012, "The server is stopping"), await client.ClosedAsync());
        await client.DisposeAsync();
        for (var i = 0; registry.Count > 0 && i < 3000; i++)
        {
            await Task.Delay(10);
        }
        Assert.Equal(0, registry.Count);
    }

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();
}
