using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Connections;

/// <summary>What a client that comes back with its cursor is shown.</summary>
public sealed class NativeReplayTests(NativeServer native) : IClassFixture<NativeServer>
{
    private readonly TestServer _server = native.Server;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(10)]
    [InlineData(11)]
    public async Task Since_gives_all_stored_frames_after_it_then_synced_then_live_ones(long since)
    {
        var session = await _server.CreateSessionAsync("mina");
        await _server.PostManyAsync(session, "mina", 10);

        await using var client = await NativeClient.ConnectAsync(_server, session, "mina", since);
        Assert.Equal(11, (await client.ExpectAsync("synced")).Seq);
        await client.PostAsync("live");
        await client.ExpectAsync("message", f => f.Text("content") == "live");

        await AssertWholeAsync(client, session, since);
        Assert.Equal(since, client.Stored[0].Prev);
        var kinds = client.Frames.Where(f => !f.Is("ack")).Select(f => f.Event ?? f.Type).ToList();
        Assert.Equal(["connected", .. Enumerable.Repeat("message", 11 - (int)Math.Max(1, since)), "synced", "message"], kinds);
    }

    [Fact]
    public async Task Without_since_nothing_of_the_past_is_shown()
    {
        var session = await _server.CreateSessionAsync("mina");
        await _server.PostManyAsync(session, "mina", 3);

        await using var client = await NativeClient.ConnectAsync(_server, session, "mina");
        await client.PostAsync("live");
        await client.SettleAsync();

        Assert.Equal(["connected", "live", "live", "pong"], client.Frames.Select(f => f.Event ?? (f.Is("pong") ? "pong" : "live")));
        Assert.Equal(client.Frames[0].Seq, client.Stored[0].Prev);
    }

    [Fact]
    public async Task A_since_above_the_head_gets_reset_and_then_live_frames()
    {
        var session = await _server.CreateSessionAsync("mina");
        await _server.PostManyAsync(session, "mina", 3);

        await using var client = await NativeClient.ConnectAsync(_server, session, "mina", since: 5);
        Assert.Equal(4, (await client.ExpectAsync("reset")).Seq);
        await client.PostAsync("live");
        await client.SettleAsync();

        Assert.Equal("live", Assert.Single(client.Stored).Text("content"));
        Assert.Equal(4, client.Stored[0].Prev);
        Assert.Empty(client.All("synced"));
    }

    [Fact]
    public async Task Every_kind_of_stored_frame_is_replayed_as_it_was_live()
    {
        var session = await _server.CreateSessionAsync("mina", "juno");
        await using var live = await NativeClient.ConnectAsync(_server, session, "mina");
        var id = (await live.PostAsync("one")).Text("message_id");
        await live.SendAsync(new { type = "edit", message_id = id, content = "two" });
        await live.SendAsync(new { type = "react", message_id = id, emoji = "👍" });
        await live.SendAsync(new { type = "react", message_id = id, emoji = "👍", remove = true });
        await live.SendAsync(new { type = "delete", message_id = id });
        var owner = new Caller("mina", "mina");
        await live.ExpectAsync("message_deleted");
        await _server.DoAsync(session, new UpdateSession { Caller = owner, Title = "A title" });
        await _server.DoAsync(session, new UpdateSession { Caller = owner, Metadata = "{}" });
        await _server.DoAsync(session, new AddMember { Caller = owner, Member = new Member("sora", "sora") });
        await _server.DoAsync(session, new ArchiveSession { Caller = owner });
        await _server.DoAsync(session, new UpdateSession { Caller = owner, Restore = true });
        await live.ExpectAsync("session_restored");

        await using var back = await NativeClient.ConnectAsync(_server, session, "juno", since: 0);
        await back.ExpectAsync("synced");

        Assert.Equal(
            ["message", "message_edited", "reaction", "reaction", "message_deleted", "title_changed", "session_archived", "session_restored"],
            back.Stored.Select(f => f.Event ?? f.Type));
        Assert.Equal(live.Stored.Select(f => f.ToString()), back.Stored.Select(f => f.ToString()));
    }

    [Fact]
    public async Task A_run_that_has_ended_is_replayed_as_one_message()
    {
        var session = await OutsideAgent.CreateSessionAsync(_server, "mina");
        await using var agent = await OutsideAgent.ConnectAsync(_server, session);
        var id = await agent.StartAsync("a");
        await agent.SayAsync(id, "Hel");
        await _server.PostAsync(session, "mina", "between");
        await agent.SayAsync(id, "lo");
        await agent.EndAsync(id);
        var end = agent.Client.All("stream_end")[0];

        await using var client = await NativeClient.ConnectAsync(_server, session, "mina", since: 0);
        await client.ExpectAsync("synced");

        Assert.Equal(["between", "Hello"], client.Stored.Select(f => f.Text("content")));
        var whole = client.Stored[1];
        Assert.Equal(("message", "stream", id), (whole.Type, whole.Text("message_type"), whole.Text("message_id")));
        Assert.Equal((end.Seq, end.Text("timestamp"), "complete"), (whole.Seq, whole.Text("timestamp"), whole.Text("status")));
        Assert.Equal(("agent", "7", 5L, 70L), (whole.Text("sender_type"), whole.Text("sender_id"), whole.Number("tokens_used"), whole.Number("latency_ms")));
        await AssertWholeAsync(client, session, 0);
    }

    [Fact]
    public async Task A_cursor_inside_a_run_that_has_ended_gets_its_remaining_chunks_and_its_end()
    {
        var session = await OutsideAgent.CreateSessionAsync(_server, "mina");
        await using var agent = await OutsideAgent.ConnectAsync(_server, session);
        var id = await agent.StartAsync("a");
        await agent.SayAsync(id, "0", "1", "2", "3");
        await agent.EndAsync(id);
        var stored = agent.Client.Stored;

        for (var cut = 1; cut < stored.Count; cut++)
        {
            var since = stored[cut - 1].Seq!.Value;
            await using var client = await NativeClient.ConnectAsync(_server, session, "mina", since);
            await client.ExpectAsync("synced");
            Assert.Equal(stored.Skip(cut).Select(f => f.ToString()), client.Stored.Select(f => f.ToString()));
        }
    }

    [Fact]
    public async Task One_who_comes_in_the_middle_of_a_stream_gets_all_of_it_and_nothing_older()
    {
        var session = await OutsideAgent.CreateSessionAsync(_server, "mina");
        await using var agent = await OutsideAgent.ConnectAsync(_server, session);
        await _server.PostAsync(session, "mina", "before");
        var id = await agent.StartAsync("a");
        await agent.SayAsync(id, "0", "1");
        await _server.PostAsync(session, "mina", "between");
        await agent.SayAsync(id, "2");

        await using var client = await NativeClient.ConnectAsync(_server, session, "mina");
        await client.ExpectAsync("synced");
        await agent.SayAsync(id, "3");
        await agent.EndAsync(id);
        await client.ExpectAsync("stream_end");

        Assert.Equal(["stream_start", "0", "1", "2", "3", "stream_end"], client.Stored.Select(f => f.OptionalText("content") ?? f.Type));
        Assert.Equal([0L, 1L, 2L, 3L], client.All("stream_chunk").Select(f => f.Number("index")));
    }

    [Fact]
    public async Task One_with_a_cursor_in_the_middle_of_a_stream_gets_the_rest_of_it()
    {
        var session = await OutsideAgent.CreateSessionAsync(_server, "mina");
        await using var agent = await OutsideAgent.ConnectAsync(_server, session);
        var first = await agent.StartAsync("a");
        await agent.SayAsync(first, "whole");
        await agent.EndAsync(first);
        var id = await agent.StartAsync("b");
        await agent.SayAsync(id, "0", "1");
        var inside = agent.Client.All("stream_chunk")[1].Seq!.Value;

        await using var whole = await NativeClient.ConnectAsync(_server, session, "mina", since: 0);
        await using var rest = await NativeClient.ConnectAsync(_server, session, "mina", inside);
        await whole.ExpectAsync("synced");
        await rest.ExpectAsync("synced");
        await agent.SayAsync(id, "2");
        await agent.EndAsync(id);
        await whole.ExpectAsync("stream_end");
        await rest.ExpectAsync("stream_end");

        Assert.Equal(["whole", "stream_start", "0", "1", "2", "stream_end"], whole.Stored.Select(f => f.OptionalText("content") ?? f.Type));
        Assert.Equal(["1", "2", "stream_end"], rest.Stored.Select(f => f.OptionalText("content") ?? f.Type));
        await AssertWholeAsync(whole, session, 0);
    }

    [Fact]
    public async Task A_reset_in_the_middle_of_a_stream_gets_all_of_the_stream()
    {
        var session = await OutsideAgent.CreateSessionAsync(_server, "mina");
        await using var agent = await OutsideAgent.ConnectAsync(_server, session);
        var id = await agent.StartAsync("a");
        await agent.SayAsync(id, "0", "1");

        await using var connected = await NativeClient.ConnectAsync(_server, session, "mina", since: 1000);
        await using var synced = await NativeClient.ConnectAsync(_server, session, "mina", since: 4);
        await synced.ExpectAsync("synced");
        await synced.SendAsync(new { type = "sync", since = 1000 });
        foreach (var client in new[] { connected, synced })
        {
            Assert.Equal(4, (await client.ExpectAsync("reset")).Seq);
            Assert.Equal(4, (await client.ExpectAsync("synced")).Seq);
        }
        await agent.SayAsync(id, "2");
        await agent.EndAsync(id);

        foreach (var client in new[] { connected, synced })
        {
            await client.ExpectAsync("stream_end");
            Assert.Equal(["stream_start", "0", "1", "2", "stream_end"], client.Stored.Select(f => f.OptionalText("content") ?? f.Type));
        }
    }

    [Fact]
    public async Task Sync_replays_what_came_after_and_joins_the_live_frames()
    {
        var session = await _server.CreateSessionAsync("mina");
        await using var client = await NativeClient.ConnectAsync(_server, session, "mina");
        await _server.PostManyAsync(session, "mina", 5);
        await client.ExpectAsync("message", f => f.Text("content") == "5");

        await client.SendAsync(new { type = "sync", since = 3 });
        Assert.Equal(6, (await client.ExpectAsync("synced")).Seq);
        await client.PostAsync("live");
        await client.ExpectAsync("message", f => f.Text("content") == "live");

        Assert.Equal(["1", "2", "3", "4", "5", "3", "4", "5", "live"], client.Stored.Select(f => f.Text("content")));
        Assert.Equal([3L, 4L, 5L, 6L], client.Stored.Skip(5).Select(f => f.Prev));
    }

    [Fact]
    public async Task Two_syncs_at_once_replay_what_the_older_one_asked_for()
    {
        var session = await _server.CreateSessionAsync("mina");
        await _server.PostManyAsync(session, "mina", 500);
        await using var client = await NativeClient.ConnectAsync(_server, session, "mina");

        for (var i = 0; i < 20; i++)
        {
            await client.SendAsync(new { type = "sync", since = 1 });
            await client.SendAsync(new { type = "sync", since = 400 });
            await client.ExpectAsync("synced");
            await client.SettleAsync();
        }

        // Whether the second one came in time to be one with the first or not, each round shows everything after 1.
        var shown = client.Stored.CountBy(f => f.Seq!.Value).ToDictionary();
        Assert.All(Enumerable.Range(2, 500), seq => Assert.True(shown.GetValueOrDefault(seq) >= 20, $"{seq} was shown {shown.GetValueOrDefault(seq)} times"));
    }

    [Fact]
    public async Task Sync_in_the_middle_of_a_stream_goes_on_where_the_cursor_is()
    {
        var session = await OutsideAgent.CreateSessionAsync(_server, "mina");
        await using var agent = await OutsideAgent.ConnectAsync(_server, session);
        await using var client = await NativeClient.ConnectAsync(_server, session, "mina");
        var id = await agent.StartAsync("a");
        await agent.SayAsync(id, "0", "1", "2");
        var seen = await client.ExpectAsync("stream_chunk", f => f.Number("index") == 2);
        var first = client.Stored.Single(f => f.Number("index") == 0).Seq!.Value;

        await client.SendAsync(new { type = "sync", since = first });
        await client.ExpectAsync("synced");
        await agent.SayAsync(id, "3");
        await agent.EndAsync(id);
        await client.ExpectAsync("stream_end");

        Assert.Equal(["0", "1", "2", "1", "2", "3"], client.All("stream_chunk").Select(f => f.Text("content")));
        Assert.Equal(seen.Seq, client.All("synced")[0].Seq);
    }

    [Fact]
    public async Task Sync_from_further_back_than_the_lag_limit_is_no_lag()
    {
        await using var server = await TestServer.StartAsync(o => o with { WebSocket = o.WebSocket with { MaxLag = 100 } });
        var session = await server.CreateSessionAsync("mina");
        await server.PostManyAsync(session, "mina", 1000);
        await using var client = await NativeClient.ConnectAsync(server, session, "mina", since: 1001);
        await client.ExpectAsync("synced");

        await client.SendAsync(new { type = "sync", since = 0 });

        await client.ExpectAsync("synced");
        Assert.Equal(1000, client.Stored.Count);
    }

    [Fact]
    public async Task Ten_thousand_missed_messages_come_in_order_without_hole_or_repeat()
    {
        var session = await _server.CreateSessionAsync("mina");
        await _server.PostManyAsync(session, "mina", 10_000);

        await using var client = await NativeClient.ConnectAsync(_server, session, "mina", since: 0);
        await client.PostAsync("live");
        await client.ExpectAsync("synced");
        await client.ExpectAsync("message", f => f.Text("content") == "live");

        await AssertWholeAsync(client, session, 0);
        Assert.Equal([.. Enumerable.Range(1, 10_000).Select(i => $"{i}"), "live"], client.Stored.Select(f => f.Text("content")));
    }

    [Fact]
    public async Task The_past_is_replayed_after_the_server_has_started_anew()
    {
        using var folder = new TempFolder();
        string session;
        await using (var before = await TestServer.StartAsync(o => o with { Storage = o.Storage with { DataPath = folder.Path } }))
        {
            session = await before.CreateSessionAsync("mina");
            await before.PostManyAsync(session, "mina", 700);
        }
        await using var after = await TestServer.StartAsync(o => o with { Storage = o.Storage with { DataPath = folder.Path } });

        await using var client = await NativeClient.ConnectAsync(after, session, "mina", since: 100);
        Assert.Equal(701, (await client.ExpectAsync("synced")).Seq);
        await client.PostAsync("live");
        await client.ExpectAsync("message", f => f.Text("content") == "live");

        var transcript = new Transcript { Cursor = 100 };
        transcript.AddAll(client.Frames);
        Assert.Equal(Transcript.OfLog(await after.LogAsync(session), since: 100), transcript.Lines);
    }

    private async Task AssertWholeAsync(NativeClient client, string session, long since)
    {
        var transcript = new Transcript { Cursor = since };
        transcript.AddAll(client.Frames);
        Assert.Equal(Transcript.OfLog(await _server.LogAsync(session), since), transcript.Lines);
    }
}
