using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Chat.Host.Auth;
using Chat.Host.Configuration;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Cluster;

/// <summary>Every node stops in order and comes back, one after the other, while all is in use: nobody's message and no agent's token is lost or doubled.</summary>
[Collection("Processes")]
[RequiresCluster]
public sealed class RollingRestartTests(ThreeNodes fixture) : IClassFixture<ThreeNodes>, IAsyncLifetime
{
    private TestCluster Cluster => fixture.Cluster;

    public Task InitializeAsync() => Cluster is null ? Task.CompletedTask : fixture.RestoreAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [ContractFact]
    public Task A_signal_to_each_node_loses_and_doubles_nothing() => RollAsync("signalled", node => node.StopAsync());

    [ContractFact]
    public Task An_order_through_another_node_loses_and_doubles_nothing() => RollAsync("ordered", async node =>
    {
        var other = Cluster.Nodes.First(n => n != node);
        await DrainAsync(other, node);
        // The port closes last. The signal comes to what has ended and brings the exit code.
        await TestCluster.UntilAsync(async () => !await IsOpenAsync(node), () => $"{node} goes on:\n{node.Output}");
        return await node.StopAsync();
    });

    /// <param name="stop">Returns the exit code.</param>
    private async Task RollAsync(string session, Func<TestNode, Task<int>> stop)
    {
        var nodes = Cluster.Nodes;
        await using var crowd = new Crowd(Cluster, session, writers: 3, readers: 3, pause: TimeSpan.FromMilliseconds(10));
        await crowd.ProgressOfAllAsync();
        var conversations = new List<(Conversation Conversation, string Writer)>();
        try
        {
            foreach (var node in Cluster.Nodes)
            {
                var conversation = await Conversation.BeginAsync(Cluster, node);
                conversations.Add((conversation, await conversation.AnsweringNodeAsync()));
                Assert.Equal(0, await stop(node));
                await crowd.ProgressOfAllAsync();
                await node.StartAsync();
                await Cluster.JoinedAsync();
                await crowd.ProgressOfAllAsync();
            }
            await Task.WhenAll(conversations.Select(c => c.Conversation.EndAsync(c.Writer)));
            await crowd.AuditAsync();
        }
        finally
        {
            foreach (var (conversation, _) in conversations)
            {
                await conversation.DisposeAsync();
            }
        }
        // Each reader begins on a node of its own and moves on to the next one, which is the next to stop.
        Assert.Equal([3, 2, 1], conversations[0].Conversation.CloseCodes.Select(codes => codes.Count));
        var closes = conversations.SelectMany(c => c.Conversation.CloseCodes)
            .Concat(crowd.Writers.Select(writer => writer.CloseCodes)).Concat(crowd.Readers.Select(reader => reader.CloseCodes)).SelectMany(codes => codes);
        Assert.All(closes, code => Assert.Equal(CloseCode.Draining, code));
    }

    /// <summary><c>POST /api/admin/cluster/nodes/{name}/drain</c> on the one, for the other.</summary>
    private static async Task DrainAsync(TestNode asked, TestNode node)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{asked.Port}/api/admin/cluster") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Bearer", new TokenIssuer(new JwtOptions(), TimeProvider.System).Issue("ops", null, Roles.Admin, TimeSpan.FromHours(1)));
        var status = await http.GetFromJsonAsync<JsonElement>("");
        var name = status.GetProperty("nodes").EnumerateArray().Single(n => new Uri(n.Text("address")).Port == node.Port).Text("name");
        using var answer = await http.PostAsync(new Uri($"{http.BaseAddress}/nodes/{name}/drain"), null);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
    }

    private static async Task<bool> IsOpenAsync(TestNode node)
    {
        using var socket = new TcpClient();
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, node.Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>A session that is asked again as soon as its agent has answered, with a reader on each node.</summary>
    private sealed class Conversation : IAsyncDisposable
    {
        /// <summary>Six seconds of each answer: the node that stops hands it over long before its end.</summary>
        private const int Tokens = 600;
        private const int Rate = 100;

        private readonly TestCluster _cluster;
        private readonly string _session;
        private readonly CancellationTokenSource _stopAsking = new();
        private readonly CancellationTokenSource _stopReading = new();
        private readonly IReadOnlyList<RoamingReader> _readers;
        private readonly IReadOnlyList<Task> _reading;
        private readonly Task _asking;
        private int _asked;
        private int _ended;
        private int _chunks;

        private Conversation(TestCluster cluster, string session)
        {
            (_cluster, _session) = (cluster, session);
            // The first one tells how far the answers are.
            _readers = [.. Enumerable.Range(0, cluster.Nodes.Count).Select(i => new RoamingReader(cluster, i, session, "kim", i == 0 ? Note : null) { Stays = true })];
            _reading = [.. _readers.Select(reader => reader.RunAsync(_stopReading.Token))];
            _asking = AskAsync();
        }

        public IReadOnlyList<List<int>> CloseCodes => [.. _readers.Select(reader => reader.CloseCodes)];

        /// <summary>At home on the node, with an answer that has just begun.</summary>
        public static async Task<Conversation> BeginAsync(TestCluster cluster, TestNode home)
        {
            var session = "";
            while (session == "" || await cluster.HomeOfAsync(session) != home)
            {
                var created = await home.SendAsync(HttpMethod.Post, "/api/chat/sessions", "kim", new { agent_id = 1 });
                session = created!.Value.Text("session_id");
            }
            var conversation = new Conversation(cluster, session);
            await conversation.UntilAsync(() => conversation._chunks >= 5);
            return conversation;
        }

        /// <summary>Which writes the first answer, by the name that it has until it stops.</summary>
        public async Task<string> AnsweringNodeAsync() => (await _cluster.LogAsync(_session)).Select(e => e.Event).OfType<StreamStarted>().First().Node!;

        /// <summary>Asks no more, waits for the last answer, and holds every reader and every answer against what the agent was to say.</summary>
        /// <param name="stopped">The node that stopped while it wrote one of them.</param>
        public async Task EndAsync(string stopped)
        {
            await _stopAsking.CancelAsync();
            await _asking;
            await UntilAsync(() => _ended == _asked);
            var log = await _cluster.LogAsync(_session);
            await UntilAsync(() => _readers.All(reader => reader.Cursor >= log.Last(e => e.Event is StreamEnded).Seq));
            await _stopReading.CancelAsync();
            await Task.WhenAll(_reading);

            Assert.Equal(Enumerable.Range(1, log.Count).Select(i => (long)i), log.Select(e => e.Seq));
            var answers = log.Select(e => e.Event).OfType<StreamEnded>().ToList();
            Assert.Equal(_asked, answers.Count);
            var said = string.Join(' ', Enumerable.Range(0, Tokens).Select(i => string.Create(CultureInfo.InvariantCulture, $"t{i}")));
            foreach (var answer in answers)
            {
                Assert.Equal((StreamStatus.Complete, said), (answer.Status, answer.Content));
                var chunks = log.Select(e => e.Event).OfType<StreamChunk>().Where(chunk => chunk.MessageId == answer.MessageId).ToList();
                Assert.Equal(Enumerable.Range(0, chunks.Count), chunks.Select(chunk => chunk.Index));
                Assert.Equal(said, string.Concat(chunks.Select(chunk => chunk.Content)));
            }
            var begun = log.Select(e => e.Event).OfType<StreamStarted>().First(e => e.Node == stopped);
            Assert.Contains(log, e => e.Event is RunClaimed claimed && claimed.MessageId == begun.MessageId && claimed.Node != stopped);
            var expected = Transcript.OfLog(log);
            Assert.All(_readers, reader => Assert.Equal(expected, reader.Lines));
        }

        public async ValueTask DisposeAsync()
        {
            await _stopAsking.CancelAsync();
            await _stopReading.CancelAsync();
            await Task.WhenAll([_asking, .. _reading]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _stopAsking.Dispose();
            _stopReading.Dispose();
        }

        private void Note(NativeFrame frame)
        {
            _chunks += frame.Is("stream_chunk") ? 1 : 0;
            _ended += frame.Is("stream_end") || frame.OptionalText("message_type") == "stream" ? 1 : 0;
        }

        private async Task AskAsync()
        {
            while (!_stopAsking.IsCancellationRequested)
            {
                var question = new { content = "go", client_message_id = $"{_asked}", metadata = new { echo = new { tokens = Tokens, rate = Rate } } };
                // A node that has gone may have stored it: asked again under the same name it is the same.
                await TestCluster.UntilAsync(async () => _cluster.Nodes.FirstOrDefault(node => node.IsRunning) is { } node
                    && await node.SendAsync(HttpMethod.Post, $"/api/chat/sessions/{_session}/messages", "kim", question) is not null);
                _asked++;
                await UntilAsync(() => _ended == _asked || _stopAsking.IsCancellationRequested);
            }
        }

        private Task UntilAsync(Func<bool> condition) => TestCluster.UntilAsync(
            async () =>
            {
                foreach (var ended in _reading.Where(task => task.IsFaulted))
                {
                    await ended;
                }
                return condition();
            },
            () => string.Join('\n', [$"{_session}: {_asked} asked, {_ended} answered, {_chunks} chunks", .. _readers.Select(reader => reader.State), .. _cluster.Nodes.Select(node => $"--- {node}\n{node.Output}")]));
    }
}
