using System.Text.Json;
using Chat.Actors.Persistence;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Connections;

/// <summary>Messages, their acknowledgements, and that each is stored once.</summary>
public sealed class NativeMessageTests(NativeServer native) : IClassFixture<NativeServer>
{
    private readonly TestServer _server = native.Server;

    [Fact]
    public async Task A_message_reaches_everyone_and_the_senders_other_tabs_with_the_same_bytes()
    {
        var session = await _server.CreateSessionAsync("mina", "juno");
        await using var mina = await NativeClient.ConnectAsync(_server, session, "mina");
        await using var otherTab = await NativeClient.ConnectAsync(_server, session, "mina");
        await using var juno = await NativeClient.ConnectAsync(_server, session, "juno");

        var ack = await mina.PostAsync("안녕하세요 <b>&\"😀\"</b>", "c-1");

        var message = await mina.ExpectAsync("message");
        Assert.Equal("안녕하세요 <b>&\"😀\"</b>", message.Text("content"));
        Assert.Equal(("user", "mina", "mina", "text"), (message.Text("sender_type"), message.Text("sender_id"), message.Text("sender_name"), message.Text("message_type")));
        Assert.Equal((ack.Text("message_id"), ack.Seq, ack.Text("timestamp")), (message.Text("message_id"), message.Seq, message.Text("timestamp")));
        Assert.Equal("c-1", message.Text("client_message_id"));
        Assert.Equal(message.ToString(), (await otherTab.ExpectAsync("message")).ToString());
        Assert.Equal(message.ToString(), (await juno.ExpectAsync("message")).ToString());
    }

    [Fact]
    public async Task Content_and_metadata_come_back_exactly_as_sent()
    {
        var session = await _server.CreateSessionAsync("mina");
        await using var mina = await NativeClient.ConnectAsync(_server, session, "mina");

        await mina.SendTextAsync("""{"type":"message","content":"  \u0001\t\r\n</script>\u2028\ufeff ","metadata":{"b":1.50,"a":[null,{"x":"\ud83d\ude00"}]},"reply_to":"msg_x","message_type":"question","else":{}}""");

        var message = await mina.ExpectAsync("message");
        Assert.Equal("  \u0001\t\r\n</script>\u2028\ufeff ", message.Text("content"));
        Assert.Equal("""{"b":1.50,"a":[null,{"x":"\ud83d\ude00"}]}""", message.Root.GetProperty("metadata").GetRawText());
        Assert.Equal(("msg_x", "question"), (message.Text("reply_to"), message.Text("message_type")));
        Assert.False(message.Has("client_message_id"));
    }

    [Fact]
    public async Task Without_a_client_message_id_there_is_no_ack()
    {
        var session = await _server.CreateSessionAsync("mina");
        await using var mina = await NativeClient.ConnectAsync(_server, session, "mina");

        await mina.SendAsync(new { type = "message", content = "one", timestamp = new { any = "json" } });
        await mina.ExpectAsync("message");
        await mina.SettleAsync();

        Assert.Empty(mina.All("ack"));
    }

    [Fact]
    public async Task Stored_frames_are_chained_by_prev_and_times_never_go_back()
    {
        var session = await _server.CreateSessionAsync("mina", "juno");
        await using var mina = await NativeClient.ConnectAsync(_server, session, "mina");
        await using var juno = await NativeClient.ConnectAsync(_server, session, "juno");

        for (var i = 0; i < 20; i++)
        {
            await (i % 2 == 0 ? mina : juno).PostAsync($"{i}");
        }
        await mina.ExpectAsync("message", f => f.Text("content") == "19");

        var messages = mina.Stored;
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i}"), messages.Select(f => f.Text("content")));
        Assert.All(messages.Zip(messages.Skip(1)), pair =>
        {
            Assert.Equal(pair.First.Seq, pair.Second.Prev);
            Assert.True(string.CompareOrdinal(pair.First.Text("timestamp"), pair.Second.Text("timestamp")) <= 0);
        });
    }

    [Fact]
    public async Task One_sockets_messages_keep_the_order_in_which_they_were_sent()
    {
        var session = await _server.CreateSessionAsync("mina");
        await using var mina = await NativeClient.ConnectAsync(_server, session, "mina");

        for (var i = 0; i < 500; i++)
        {
            await mina.SendAsync(new { type = "message", content = $"{i}", client_message_id = $"c-{i}" });
        }
        await mina.ExpectAsync("message", f => f.Text("content") == "499");
        await mina.ExpectAsync("ack", f => f.Text("client_message_id") == "c-499");

        Assert.Equal(Enumerable.Range(0, 500).Select(i => $"{i}"), mina.Stored.Select(f => f.Text("content")));
        Assert.Equal(500, mina.All("ack").Select(f => f.Text("message_id")).Distinct().Count());
    }

    [Fact]
    public async Task A_message_is_acknowledged_only_when_it_is_in_the_log()
    {
        var session = await _server.CreateSessionAsync("mina");
        await using var mina = await NativeClient.ConnectAsync(_server, session, "mina");

        for (var i = 0; i < 20; i++)
        {
            var ack = await mina.PostAsync($"{i}");

            var stored = await _server.Node.Journal.ReadAsync(session, ack.Seq!.Value - 1, 1, default);
            Assert.Equal($"{i}", Assert.IsType<MessagePosted>(stored[0].Event).Content);
        }
    }

    [Fact]
    public async Task A_repeat_is_stored_once_and_gets_the_first_ones_answer()
    {
        var session = await _server.CreateSessionAsync("mina");
        await using var mina = await NativeClient.ConnectAsync(_server, session, "mina");
        var first = await mina.PostAsync("hello", "c-1");
        await mina.PostAsync("between");

        var again = await mina.PostAsync("hello", "c-1");
        var other = await mina.PostAsync("another text", "c-1");

        Assert.Equal(first.ToString(), again.ToString());
        Assert.Equal(first.ToString(), other.ToString());
        Assert.Equal(["hello", "between"], await ContentsAsync(session));
    }

    [Fact]
    public async Task Two_sockets_of_one_user_that_send_the_same_at_once_store_it_once()
    {
        var session = await _server.CreateSessionAsync("mina");
        await using var one = await NativeClient.ConnectAsync(_server, session, "mina");
        await using var two = await NativeClient.ConnectAsync(_server, session, "mina");

        for (var i = 0; i < 50; i++)
        {
            var acks = await Task.WhenAll(one.PostAsync($"{i}", $"c-{i}"), two.PostAsync($"{i}", $"c-{i}"));
            Assert.Equal(acks[0].ToString(), acks[1].ToString());
        }

        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"{i}"), await ContentsAsync(session));
    }

    [Fact]
    public async Task A_send_whose_socket_broke_is_repeated_on_the_next_one_and_stored_once()
    {
        var session = await _server.CreateSessionAsync("mina");
        for (var i = 0; i < 10; i++)
        {
            await using var broken = await NativeClient.ConnectAsync(_server, session, "mina");
            await broken.SendAsync(new { type = "message", content = $"{i}", client_message_id = $"c-{i}" });
            await broken.BreakAsync();

            await using var next = await NativeClient.ConnectAsync(_server, session, "mina");
            await next.PostAsync($"{i}", $"c-{i}");
        }

        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"{i}"), await ContentsAsync(session));
    }

    [Fact]
    public async Task Another_authors_same_id_is_another_message()
    {
        var session = await _server.CreateSessionAsync("mina", "juno");
        await using var mina = await NativeClient.ConnectAsync(_server, session, "mina");
        await using var juno = await NativeClient.ConnectAsync(_server, session, "juno");

        var first = await mina.PostAsync("from mina", "c-1");
        var second = await juno.PostAsync("from juno", "c-1");

        Assert.NotEqual(first.Text("message_id"), second.Text("message_id"));
        Assert.Equal(["from mina", "from juno"], await ContentsAsync(session));
    }

    [Fact]
    public async Task The_same_id_in_another_session_is_another_message()
    {
        var one = await _server.CreateSessionAsync("mina");
        var two = await _server.CreateSessionAsync("mina");
        await using var inOne = await NativeClient.ConnectAsync(_server, one, "mina");
        await using var inTwo = await NativeClient.ConnectAsync(_server, two, "mina");

        var first = await inOne.PostAsync("hello", "c-1");
        var second = await inTwo.PostAsync("hello", "c-1");

        Assert.NotEqual(first.Text("message_id"), second.Text("message_id"));
    }

    [Fact]
    public async Task A_send_is_known_again_after_the_server_has_started_anew()
    {
        using var folder = new TempFolder();
        Func<Chat.Host.Configuration.ChatOptions, Chat.Host.Configuration.ChatOptions> configure = o => o with { Storage = o.Storage with { DataPath = folder.Path } };
        string session;
        NativeFrame first;
        await using (var before = await TestServer.StartAsync(configure))
        {
            session = await before.CreateSessionAsync("mina");
            await using var mina = await NativeClient.ConnectAsync(before, session, "mina");
            first = await mina.PostAsync("hello", "c-1");
        }

        await using var after = await TestServer.StartAsync(configure);
        await using var back = await NativeClient.ConnectAsync(after, session, "mina", since: 0);

        Assert.Equal(first.ToString(), (await back.PostAsync("hello", "c-1")).ToString());
        Assert.Equal("hello", (await back.ExpectAsync("message")).Text("content"));
        Assert.Single(back.Stored);
    }

    [Fact]
    public async Task Fragments_make_one_frame()
    {
        var session = await _server.CreateSessionAsync("mina");
        await using var mina = await NativeClient.ConnectAsync(_server, session, "mina");
        var bytes = JsonSerializer.SerializeToUtf8Bytes(new { type = "message", content = "조각" });

        for (var i = 0; i < bytes.Length; i++)
        {
            await mina.SendBytesAsync([bytes[i]], endOfMessage: i == bytes.Length - 1);
        }

        Assert.Equal("조각", (await mina.ExpectAsync("message")).Text("content"));
    }

    private async Task<IEnumerable<string>> ContentsAsync(string session) =>
        (await _server.LogAsync(session)).Select((StoredEvent e) => e.Event).OfType<MessagePosted>().Select(m => m.Content);
}
