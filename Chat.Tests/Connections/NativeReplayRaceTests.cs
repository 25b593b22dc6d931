using Chat.Tests.Support;

namespace Chat.Tests.Connections;

/// <summary>Readers that come and go while the session is written to.</summary>
public sealed class NativeReplayRaceTests : IAsyncLifetime
{
    private const string Last = "the last one";

    private TestServer _server = null!;

    public async Task InitializeAsync() => _server = await TestServer.StartAsync(o => o with { WebSocket = o.WebSocket with { QueueLimit = 16 * 1024 } });

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Readers_that_connect_while_five_writers_pour_in_see_the_log()
    {
        var session = await _server.CreateSessionAsync("w0", "w1", "w2", "w3", "w4", "mina");
        await _server.PostManyAsync(session, "w0", 2000, "old ");
        var writers = Task.WhenAll(Enumerable.Range(0, 5).Select(w => WriteAsync(session, $"w{w}", 400)));

        var readers = await Task.WhenAll(Enumerable.Range(0, 8).Select(async r =>
        {
            var client = await NativeClient.ConnectAsync(_server, session, "mina", since: r * 250);
            await client.ExpectAsync("synced");
            return (Client: client, Since: r * 250L);
        }));
        await writers;
        await _server.PostAsync(session, "w0", Last);

        var log = await _server.LogAsync(session);
        foreach (var (client, since) in readers)
        {
            await client.ExpectAsync("message", f => f.Text("content") == Last);
            var transcript = new Transcript { Cursor = since };
            transcript.AddAll(client.Frames);
            Assert.Equal(Transcript.OfLog(log, since), transcript.Lines);
            await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task Readers_that_break_off_and_come_back_with_their_cursor_assemble_exactly_the_log()
    {
        var session = await _server.CreateSessionAsync("w0", (OutsideAgent.Id, "Outside", true), "w1", "w2", "w3", "w4", "mina");
        await using var agent = await OutsideAgent.ConnectAsync(_server, session);
        var writers = Task.WhenAll([
            .. Enumerable.Range(0, 5).Select(w => WriteAsync(session, $"w{w}", 300)),
            StreamAsync(agent, answers: 12, chunks: 15),
        ]);
        var readers = Enumerable.Range(0, 5).Select(r => AssembleAsync(session, new Random(r))).ToList();
        await writers;
        await _server.PostAsync(session, "w0", Last);

        var transcripts = await Task.WhenAll(readers);

        var log = Transcript.OfLog(await _server.LogAsync(session));
        Assert.All(transcripts, transcript => Assert.Equal(log, transcript.Lines));
    }

    [Fact]
    public async Task Readers_that_sync_again_and_again_while_it_is_written_have_no_hole_after_it()
    {
        var session = await _server.CreateSessionAsync("w0", "w1", "w2", "mina");
        var writers = Task.WhenAll(Enumerable.Range(0, 3).Select(w => WriteAsync(session, $"w{w}", 300)));
        await using var client = await NativeClient.ConnectAsync(_server, session, "mina", since: 0);
        // A sync from beyond the head is answered by reset.
        await client.ExpectAsync("message", f => f.Seq >= 40);
        for (var i = 0; i < 40; i++)
        {
            await client.SendAsync(new { type = "sync", since = i });
            await client.ExpectAsync("synced");
        }
        await writers;
        await _server.PostAsync(session, "w0", Last);
        await client.ExpectAsync("message", f => f.Text("content") == Last);

        // Each stretch between two synced frames is without hole and repeat from where its sync began.
        var log = Transcript.OfLog(await _server.LogAsync(session));
        var stretch = client.Frames.Skip(client.Frames.ToList().FindLastIndex(f => f.IsStored && f.Prev == 39)).ToList();
        var transcript = new Transcript { Cursor = 39 };
        transcript.AddAll(stretch);
        Assert.Equal(log.Skip(38), transcript.Lines);
    }

    /// <summary>Reads for a while, breaks off, comes back with the cursor, until the last message has come.</summary>
    private async Task<Transcript> AssembleAsync(string session, Random random)
    {
        var transcript = new Transcript();
        while (true)
        {
            await using var client = await NativeClient.ConnectAsync(_server, session, "mina", transcript.Cursor);
            var until = random.Next(1, 400);
            var seen = 0;
            var last = await client.ReadUntilAsync(frame => ++seen >= until || frame.OptionalText("content") == Last);
            await client.BreakAsync();
            // Processed up to there; what lay behind it on the wire was never seen.
            transcript.AddAll(client.Frames.TakeWhile(f => f != last).Append(last));
            if (last.OptionalText("content") == Last)
            {
                return transcript;
            }
        }
    }

    private async Task WriteAsync(string session, string user, int count)
    {
        await using var client = await NativeClient.ConnectAsync(_server, session, user);
        for (var i = 0; i < count; i++)
        {
            await client.SendAsync(new { type = "message", content = $"{user} {i}", client_message_id = $"c-{i}" });
        }
        await client.ExpectAsync("ack", f => f.Text("client_message_id") == $"c-{count - 1}");
    }

    private static async Task StreamAsync(OutsideAgent agent, int answers, int chunks)
    {
        for (var a = 0; a < answers; a++)
        {
            var id = await agent.StartAsync($"a{a}");
            for (var c = 0; c < chunks; c++)
            {
                await agent.SayAsync(id, $"{a}.{c} ");
            }
            await agent.EndAsync(id);
        }
    }
}
