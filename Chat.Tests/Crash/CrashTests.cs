using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Chat.Actors.Persistence;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Crash;

/// <summary>The real server process, killed with -9 under load: what was acknowledged is there, once, in order.</summary>
[Collection("Processes")]
public sealed class CrashTests : IAsyncLifetime
{
    private const int Kills = 10;
    private const int Writers = 8;

    /// <summary>Acknowledgements between two kills: enough that commits, snapshots and the projector are all under way.</summary>
    private const int AcksPerLife = 150;

    private readonly TempFolder _folder = new();
    private readonly int _port = ChatProcess.FreePort();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        _folder.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Ten_kills_under_load_lose_no_acknowledged_message_and_double_none()
    {
        const string session = "crash";
        using var stop = new CancellationTokenSource();
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var writers = Enumerable.Range(0, Writers).Select(i => new Writer($"w{i}", SocketUri(session, $"writer{i}"))).ToList();
        var server = await StartAsync(agent: 0);
        var writing = writers.Select(writer => writer.RunAsync(stop.Token)).ToList();
        for (var kill = 1; kill <= Kills; kill++)
        {
            var goal = kill * AcksPerLife;
            while (writers.Sum(writer => writer.Acked.Count) < goal)
            {
                Assert.False(timeout.IsCancellationRequested, $"No progress after {kill - 1} kills: {string.Join("; ", writers.Select(writer => writer.State))}\n{server.Output}{server.Error}");
                await Task.Delay(5);
            }
            await server.KillAsync();
            server = await StartAsync(agent: 0);
        }
        await stop.CancelAsync();
        await Task.WhenAll(writing);
        await server.KillAsync();

        var stored = await ReadLogAsync(session);
        Assert.Equal(Enumerable.Range(1, stored.Count).Select(i => (long)i), stored.Select(e => e.Seq));
        var posts = stored.Where(e => e.Event is MessagePosted).Select(e => (e.Seq, Post: (MessagePosted)e.Event!)).ToList();
        Assert.Equal(posts.Count, posts.Select(p => (p.Post.SenderId, p.Post.ClientMessageId)).Distinct().Count());
        foreach (var (writer, i) in writers.Select((writer, i) => (writer, i)))
        {
            var own = posts.Where(p => p.Post.SenderId == $"writer{i}").ToList();
            // Each writer sent its numbers in order, and again from the first unacknowledged one: so they stand in order, without a hole.
            Assert.Equal(Enumerable.Range(0, own.Count).Select(n => $"w{i}-{n}"), own.Select(p => p.Post.Content));
            Assert.All(writer.Acked, ack => Assert.Equal(ack.Value, own[ack.Key].Seq));
        }
    }

    [Fact]
    public async Task Kills_in_mid_stream_neither_lose_nor_double_a_token()
    {
        const string session = "stream";
        const int tokens = 400;
        var server = await StartAsync(agent: 1);
        var reader = new Reader(SocketUri(session, "kim"));
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await reader.ConnectAsync(timeout.Token);
        await reader.SendAsync(new
        {
            type = "message",
            content = "go",
            client_message_id = "prompt",
            metadata = new { echo = new { tokens, rate = 200 } },
        }, timeout.Token);
        for (var kill = 0; kill < 4; kill++)
        {
            var goal = reader.Text.Length + 300;
            while (reader.Text.Length < goal && !reader.HasEnded)
            {
                await reader.ReadAsync(timeout.Token);
            }
            Assert.False(reader.HasEnded, "The answer ended before the server could be killed in it");
            await server.KillAsync();
            server = await StartAsync(agent: 1);
            await reader.ConnectAsync(timeout.Token);
        }
        while (!reader.HasEnded)
        {
            await reader.ReadAsync(timeout.Token);
        }
        await server.KillAsync();

        var expected = string.Concat(Enumerable.Range(0, tokens).Select(i => $"t{i} "));
        Assert.Equal(expected.TrimEnd(), reader.Text.ToString().TrimEnd());
        var ended = (await ReadLogAsync(session)).Select(e => e.Event).OfType<StreamEnded>().Single();
        Assert.Equal(StreamStatus.Complete, ended.Status);
        Assert.Equal(ended.Content, reader.Text.ToString());
    }

    [Fact]
    public async Task A_run_goes_on_after_a_kill_without_anyone_touching_its_session()
    {
        const string session = "alone";
        var server = await StartAsync(agent: 1);
        var reader = new Reader(SocketUri(session, "kim"));
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await reader.ConnectAsync(timeout.Token);
        await reader.SendAsync(new { type = "message", content = "go", metadata = new { echo = new { tokens = 100, rate = 50 } } }, timeout.Token);
        while (reader.Text.Length < 40)
        {
            await reader.ReadAsync(timeout.Token);
        }
        await server.KillAsync();
        server = await StartAsync(agent: 1);
        await using (var journal = SqliteJournal.Open(Path.Combine(_folder.Path, "journal.db"), TimeProvider.System))
        {
            while ((await journal.ReadAsync(session, 0, 10_000, timeout.Token)).All(e => e.Event is not StreamEnded))
            {
                await Task.Delay(50, timeout.Token);
            }
        }
        await server.KillAsync();
        var events = (await ReadLogAsync(session)).Select(e => e.Event).ToList();
        Assert.Contains(events, e => e is RunClaimed { Epoch: 2 });
        Assert.Equal(string.Concat(events.OfType<StreamChunk>().Select(c => c.Content)), events.OfType<StreamEnded>().Single().Content);
    }

    [Fact]
    public async Task An_orderly_stop_says_goodbye_and_keeps_what_was_sent()
    {
        const string session = "stop";
        var server = await StartAsync(agent: 1);
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(SocketUri(session, "kim"), timeout.Token);
        var frame = JsonSerializer.SerializeToUtf8Bytes(new { type = "message", content = "go", client_message_id = "1", metadata = new { echo = new { tokens = 500, rate = 50 } } });
        await socket.SendAsync(frame, WebSocketMessageType.Text, endOfMessage: true, timeout.Token);
        var buffer = new byte[64 * 1024];
        Task<int>? stopping = null;
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer, timeout.Token);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                break;
            }
            // In the middle of an answer.
            stopping ??= Encoding.UTF8.GetString(buffer, 0, received.Count).Contains("stream_chunk", StringComparison.Ordinal) ? server.StopAsync() : null;
        }
        Assert.Equal(CloseCode.Draining, (int)socket.CloseStatus!);
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", timeout.Token);
        Assert.Equal(0, await stopping!);
        Assert.Contains((await ReadLogAsync(session)).Select(e => e.Event), e => e is MessagePosted { Content: "go" });
    }

    private Task<ChatProcess> StartAsync(int agent) => ChatProcess.ServeAsync(new Dictionary<string, string>
    {
        ["CHAT_CONFIG"] = "development",
        ["SERVICE_PORT"] = _port.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["DATA_PATH"] = _folder.Path,
        ["DEV_AUTO_AGENT"] = agent.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["STREAM_DELAY_MS"] = "5",
        ["LOG_LEVEL"] = "WARNING",
    });

    private Uri SocketUri(string session, string user) => new($"ws://localhost:{_port}/ws/{session}?token={ChatProcess.DevelopmentToken(user)}");

    private async Task<List<StoredEvent>> ReadLogAsync(string session)
    {
        await using var journal = SqliteJournal.Open(Path.Combine(_folder.Path, "journal.db"), TimeProvider.System);
        var events = new List<StoredEvent>();
        while (await journal.ReadAsync(session, events.Count == 0 ? 0 : events[^1].Seq, 1000, default) is { Count: > 0 } page)
        {
            events.AddRange(page);
        }
        return events;
    }

    /// <summary>Sends numbered messages, a few ahead of their acknowledgements; after a reconnect again from the first that was not acknowledged.</summary>
    private sealed class Writer(string name, Uri address)
    {
        private const int Ahead = 5;

        public string State { get; private set; } = "";

        /// <summary>Number to seq.</summary>
        public ConcurrentDictionary<int, long> Acked { get; } = new();

        public async Task RunAsync(CancellationToken stop)
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    State = "connecting";
                    using var socket = new ClientWebSocket();
                    await socket.ConnectAsync(address, stop);
                    await PumpAsync(socket, stop);
                }
                catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
                {
                    State = e.Message;
                    await Task.Delay(20, CancellationToken.None);
                }
            }
        }

        private async Task PumpAsync(ClientWebSocket socket, CancellationToken stop)
        {
            var next = Acked.Count;
            var buffer = new byte[64 * 1024];
            while (true)
            {
                State = $"{name} {next} sent, {Acked.Count} acknowledged";
                for (; next < Acked.Count + Ahead; next++)
                {
                    var frame = JsonSerializer.SerializeToUtf8Bytes(new { type = "message", content = $"{name}-{next}", client_message_id = $"{next}" });
                    await socket.SendAsync(frame, WebSocketMessageType.Text, endOfMessage: true, stop);
                }
                var received = await socket.ReceiveAsync(buffer, stop);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    return;
                }
                using var answer = JsonDocument.Parse(buffer.AsMemory(0, received.Count));
                if (answer.RootElement.GetProperty("type").GetString() == "ack")
                {
                    var number = int.Parse(answer.RootElement.GetProperty("client_message_id").GetString()!, System.Globalization.CultureInfo.InvariantCulture);
                    Acked[number] = answer.RootElement.GetProperty("seq").GetInt64();
                }
            }
        }
    }

    /// <summary>Assembles an answer over reconnects, by the cursor alone.</summary>
    private sealed class Reader(Uri address)
    {
        private readonly byte[] _buffer = new byte[256 * 1024];
        private ClientWebSocket _socket = new();
        private long _cursor;

        public StringBuilder Text { get; } = new();

        public bool HasEnded { get; private set; }

        public async Task ConnectAsync(CancellationToken cancellation)
        {
            _socket.Dispose();
            _socket = new ClientWebSocket();
            await _socket.ConnectAsync(new Uri($"{address}&since={_cursor}"), cancellation);
        }

        public Task SendAsync(object frame, CancellationToken cancellation) =>
            _socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(frame), WebSocketMessageType.Text, endOfMessage: true, cancellation);

        public async Task ReadAsync(CancellationToken cancellation)
        {
            var length = 0;
            ValueWebSocketReceiveResult received;
            do
            {
                received = await _socket.ReceiveAsync(_buffer.AsMemory(length), cancellation);
                length += received.Count;
            }
            while (!received.EndOfMessage);
            using var document = JsonDocument.Parse(_buffer.AsMemory(0, length));
            var frame = document.RootElement;
            if (!frame.TryGetProperty("prev", out _))
            {
                return;
            }
            _cursor = frame.GetProperty("seq").GetInt64();
            switch (frame.GetProperty("type").GetString())
            {
                case "stream_chunk":
                    Text.Append(frame.GetProperty("content").GetString());
                    break;
                case "stream_end":
                    HasEnded = true;
                    break;
                case "message" when frame.GetProperty("message_type").GetString() == "stream":
                    // Ended while we were away, before we saw any of it: cannot be, since we were in it.
                    Text.Append(frame.GetProperty("content").GetString());
                    HasEnded = true;
                    break;
            }
        }
    }
}
