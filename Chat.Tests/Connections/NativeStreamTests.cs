using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Connections;

/// <summary>Answers of the server's own agents, and how they are stopped.</summary>
public sealed class NativeStreamTests(NativeServer native) : IClassFixture<NativeServer>
{
    /// <summary>Says nothing until it is stopped.</summary>
    private static readonly object Silent = new { echo = new { first_delay_ms = 600_000 } };

    /// <summary>Ten tokens a second for some hours.</summary>
    private static readonly object Endless = new { echo = new { tokens = 100_000, rate = 10 } };

    private readonly TestServer _server = native.Server;

    [Fact]
    public async Task A_message_is_answered_chunk_by_chunk_and_stands_whole_in_the_log()
    {
        var (session, mina) = await StartAsync();

        await mina.SendAsync(new { type = "message", content = "hello", metadata = new { echo = new { tokens = 50 } } });

        var start = await mina.ExpectAsync("stream_start");
        Assert.Equal(("agent", "1", "Echo"), (start.Text("sender_type"), start.Text("sender_id"), start.Text("sender_name")));
        var end = await mina.ExpectAsync("stream_end");
        Assert.Equal(("complete", 50L), (end.Text("status"), end.Number("tokens_used")));
        Assert.True(end.Number("latency_ms") >= 0);
        var chunks = mina.All("stream_chunk");
        Assert.Equal(Enumerable.Range(0, chunks.Count).Select(i => (long?)i), chunks.Select(f => f.Number("index")));
        Assert.All(chunks, f => Assert.Equal(start.Text("message_id"), f.Text("message_id")));
        var text = string.Concat(chunks.Select(f => f.Text("content")));
        Assert.Equal(string.Join(' ', Enumerable.Range(0, 50).Select(i => $"t{i}")), text);
        Assert.Equal(text, (await _server.LogAsync(session)).Select(e => e.Event).OfType<StreamEnded>().Single().Content);
    }

    [Fact]
    public async Task An_agent_that_fails_ends_its_answer_as_failed()
    {
        var (_, mina) = await StartAsync();

        await mina.SendAsync(new { type = "message", content = "hello", metadata = new { echo = new { tokens = 50, fail_after = 10 } } });

        Assert.Equal("failed", (await mina.ExpectAsync("stream_end")).Text("status"));
        await mina.SendAsync(new { type = "message", content = "again", metadata = new { echo = new { tokens = 1 } } });
        Assert.Equal("complete", (await mina.ExpectAsync("stream_end")).Text("status"));
    }

    [Fact]
    public async Task Stop_before_the_first_token_ends_an_empty_answer()
    {
        var (_, mina) = await StartAsync();
        await mina.SendAsync(new { type = "message", content = "hello", metadata = Silent });
        var id = (await mina.ExpectAsync("stream_start")).Text("message_id");

        await mina.SendAsync(new { type = "stop" });

        var end = await mina.ExpectAsync("stream_end");
        Assert.Equal((id, "stopped"), (end.Text("message_id"), end.Text("status")));
        Assert.Empty(mina.All("stream_chunk"));
    }

    [Fact]
    public async Task Stop_in_the_middle_keeps_what_was_said_and_no_chunk_comes_after_it()
    {
        var (session, mina) = await StartAsync();
        await mina.SendAsync(new { type = "message", content = "hello", metadata = Endless });
        var chunk = await mina.ExpectAsync("stream_chunk");

        await mina.SendAsync(new { type = "stop", message_id = chunk.Text("message_id") });
        Assert.Equal("stopped", (await mina.ExpectAsync("stream_end")).Text("status"));
        await mina.SendAsync(new { type = "message", content = "next", metadata = new { echo = new { tokens = 1 } } });
        await mina.ExpectAsync("stream_end");

        var transcript = new Transcript { Cursor = 1 };
        transcript.AddAll(mina.Frames);
        Assert.Equal(Transcript.OfLog(await _server.LogAsync(session)), transcript.Lines);
    }

    [Fact]
    public async Task Any_member_may_stop_and_twice_is_once()
    {
        var (session, mina) = await StartAsync("juno");
        await using var juno = await NativeClient.ConnectAsync(_server, session, "juno");
        await mina.SendAsync(new { type = "message", content = "hello", metadata = Silent });
        var id = (await juno.ExpectAsync("stream_start")).Text("message_id");

        await juno.SendAsync(new { type = "stop", message_id = id });
        await mina.SendAsync(new { type = "stop", message_id = id });
        await juno.SendAsync(new { type = "stop", message_id = id });
        await juno.SendAsync(new { type = "stop" });
        await mina.ExpectAsync("stream_end");
        await mina.PostAsync("next");
        await mina.SendAsync(new { type = "stop" });

        Assert.Single(mina.All("stream_end"), f => f.Text("message_id") == id);
        Assert.Empty(mina.All("error"));
        Assert.Empty(juno.All("error"));
    }

    [Fact]
    public async Task Runs_wait_for_their_turn_and_are_answered_in_order()
    {
        var (session, mina) = await StartAsync();
        await mina.SendAsync(new { type = "message", content = "first", metadata = Silent });
        for (var i = 0; i < 3; i++)
        {
            await mina.SendAsync(new { type = "message", content = $"{i}", metadata = new { echo = new { text = $"answer {i}" } }, client_message_id = $"c-{i}" });
        }
        await mina.ExpectAsync("ack", f => f.Text("client_message_id") == "c-2");
        var runs = (await _server.ViewAsync(session))!.OpenRuns.Select(run => run.MessageId.Value).ToList();
        Assert.Equal(4, runs.Count);
        await mina.ExpectAsync("stream_start", f => f.Text("message_id") == runs[0]);

        await mina.SendAsync(new { type = "stop", message_id = runs[0] });
        await mina.ExpectAsync("stream_end", f => f.Text("message_id") == runs[3]);

        Assert.Equal(runs, mina.All("stream_start").Select(f => f.Text("message_id")));
        Assert.Equal(runs, mina.All("stream_end").Select(f => f.Text("message_id")));
        Assert.Equal(
            ["answer 0", "answer 1", "answer 2"],
            (await _server.LogAsync(session)).Select(e => e.Event).OfType<StreamEnded>().Skip(1).Select(s => s.Content));
    }

    [Fact]
    public async Task A_waiting_run_can_be_stopped_before_its_turn()
    {
        var (session, mina) = await StartAsync();
        await mina.SendAsync(new { type = "message", content = "first", metadata = Silent });
        await mina.SendAsync(new { type = "message", content = "second", client_message_id = "c-2" });
        await mina.ExpectAsync("ack");
        var waiting = (await _server.ViewAsync(session))!.OpenRuns[1].MessageId.Value;

        await mina.SendAsync(new { type = "stop", message_id = waiting });

        await mina.ExpectAsync("stream_start", f => f.Text("message_id") == waiting);
        var end = await mina.ExpectAsync("stream_end");
        Assert.Equal((waiting, "stopped"), (end.Text("message_id"), end.Text("status")));
        Assert.NotEqual(waiting, Assert.Single((await _server.ViewAsync(session))!.OpenRuns).MessageId.Value);
        await mina.SendAsync(new { type = "stop" });
        await mina.ExpectAsync("stream_end");
    }

    [Fact]
    public async Task An_archive_stops_what_runs_and_what_waits()
    {
        var (session, mina) = await StartAsync();
        await mina.SendAsync(new { type = "message", content = "first", metadata = Silent });
        await mina.ExpectAsync("stream_start");
        await mina.PostAsync("second");

        await _server.DoAsync(session, new ArchiveSession { Caller = new Caller("mina", "mina") });
        await mina.ExpectAsync("session_archived");

        Assert.Equal(["stopped", "stopped"], mina.All("stream_end").Select(f => f.Text("status")));
        Assert.Empty((await _server.ViewAsync(session))!.OpenRuns);
    }

    [Fact]
    public async Task One_who_comes_in_the_middle_gets_all_chunks_in_order()
    {
        var (session, mina) = await StartAsync("juno");
        await mina.SendAsync(new { type = "message", content = "hello", metadata = new { echo = new { tokens = 3000 } } });
        await mina.ExpectAsync("stream_chunk");
        var joiners = new List<NativeClient>();
        while (mina.All("stream_end").Count == 0 && joiners.Count < 20)
        {
            joiners.Add(await NativeClient.ConnectAsync(_server, session, "juno", since: joiners.Count % 2 == 0 ? null : 0));
        }
        await mina.ExpectAsync("stream_end");
        await mina.SendAsync(new { type = "message", content = "the end", metadata = Silent });
        await mina.ExpectAsync("message", f => f.Text("content") == "the end");

        var log = Transcript.OfLog(await _server.LogAsync(session));
        foreach (var joiner in joiners)
        {
            await joiner.ExpectAsync("message", f => f.Text("content") == "the end");
            var transcript = new Transcript();
            foreach (var frame in joiner.Frames.Where(f => f.IsStored))
            {
                // Without a cursor, what is older than the stream is left out: there, prev names what was not asked for.
                transcript.Cursor = transcript.Lines.Count == 0 && frame.Is("stream_start") ? Math.Max(transcript.Cursor, frame.Prev!.Value) : transcript.Cursor;
                transcript.Add(frame);
                if (frame.OptionalText("content") == "the end")
                {
                    break;
                }
            }
            Assert.Equal(log.TakeLast(transcript.Lines.Count), transcript.Lines);
            await joiner.DisposeAsync();
        }
        await mina.SendAsync(new { type = "stop" });
        await mina.ExpectAsync("stream_end");
    }

    private async Task<(string Session, NativeClient Mina)> StartAsync(params string[] members)
    {
        var session = await _server.CreateSessionAsync("mina", (1, "Echo", false), members);
        return (session, await NativeClient.ConnectAsync(_server, session, "mina"));
    }
}
