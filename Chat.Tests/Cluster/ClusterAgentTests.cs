using System.Globalization;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Cluster;

/// <summary>An agent's answer while the node that writes it, or what lies between the nodes, goes away.</summary>
[Collection("Processes")]
[RequiresCluster]
public sealed class ClusterAgentTests(ThreeNodes fixture) : IClassFixture<ThreeNodes>, IAsyncLifetime
{
    /// <summary>Long enough that the nodes notice what has gone before its end.</summary>
    private const int Tokens = 500;

    private readonly CancellationTokenSource _stop = new();

    private TestCluster Cluster => fixture.Cluster;

    public Task InitializeAsync() => Cluster is null ? Task.CompletedTask : fixture.RestoreAsync();

    public Task DisposeAsync()
    {
        _stop.Dispose();
        return Task.CompletedTask;
    }

    [ContractFact]
    public async Task An_answer_goes_on_where_its_node_was_killed()
    {
        var answer = await BeginAsync(Cluster.Nodes[0]);
        await Cluster.Nodes[0].KillAsync();
        var log = await answer.EndAsync();
        Assert.Contains(log, e => e.Event is RunClaimed { Epoch: > 1 });
    }

    [ContractFact]
    public async Task An_owner_that_stood_still_adds_no_token_once_another_has_taken_over()
    {
        var answer = await BeginAsync(Cluster.Nodes[1]);
        await Cluster.Nodes[1].PauseAsync();
        await answer.GrowAsync(20);
        await Cluster.Nodes[1].ContinueAsync();
        var log = await answer.EndAsync();
        Assert.Contains(log, e => e.Event is RunClaimed { Epoch: > 1 });
    }

    [ContractFact]
    public async Task An_answer_goes_on_where_its_node_has_left_in_order()
    {
        var answer = await BeginAsync(Cluster.Nodes[2]);
        Assert.Equal(0, await Cluster.Nodes[2].StopAsync());
        var log = await answer.EndAsync();
        Assert.Contains(log, e => e.Event is RunClaimed { Epoch: > 1 });
    }

    [ContractFact]
    public async Task Answers_go_on_without_Redis_and_nobody_takes_them_over_when_it_is_back()
    {
        var answer = await BeginAsync(Cluster.Nodes[0]);
        await Cluster.Redis.StopAsync();
        await answer.GrowAsync(20);
        var second = await BeginAsync(Cluster.Nodes[1], names: false);
        await Cluster.Redis.StartAgainAsync();
        await Cluster.JoinedAsync();
        var logs = (await answer.EndAsync()).Concat(await second.EndAsync());
        Assert.DoesNotContain(logs, e => e.Event is RunClaimed);
    }

    /// <summary>An answer of a session at home on the node, some chunks of which have been read on the next node.</summary>
    /// <param name="names">Redis can tell which node is home; else any session will do.</param>
    private async Task<Answer> BeginAsync(TestNode home, bool names = true)
    {
        var other = Cluster.Nodes[(Cluster.Nodes.ToList().IndexOf(home) + 1) % Cluster.Nodes.Count];
        while (true)
        {
            var created = await other.SendAsync(HttpMethod.Post, "/api/chat/sessions", "kim", new { agent_id = 1 });
            var session = created!.Value.GetProperty("session_id").GetString()!;
            if (!names || await Cluster.HomeOfAsync(session) == home)
            {
                var answer = new Answer(Cluster, other, session, _stop.Token);
                await other.SendAsync(
                    HttpMethod.Post, $"/api/chat/sessions/{session}/messages", "kim", new { content = "go", metadata = new { echo = new { tokens = Tokens, rate = 100 } } });
                await answer.GrowAsync(5);
                return answer;
            }
        }
    }

    private sealed class Answer
    {
        private readonly TestCluster _cluster;
        private readonly TestNode _node;
        private readonly string _session;
        private readonly CancellationTokenSource _end;
        private readonly RoamingReader _reader;
        private readonly Task _reading;
        private int _chunks;
        private bool _hasEnded;

        public Answer(TestCluster cluster, TestNode node, string session, CancellationToken stop)
        {
            (_cluster, _node, _session) = (cluster, node, session);
            _end = CancellationTokenSource.CreateLinkedTokenSource(stop);
            _reader = new RoamingReader(cluster, cluster.Nodes.ToList().IndexOf(node), session, "kim", frame =>
            {
                _chunks += frame.Is("stream_chunk") ? 1 : 0;
                _hasEnded |= frame.Is("stream_end") || frame.OptionalText("message_type") == "stream";
            });
            _reading = _reader.RunAsync(_end.Token);
        }

        public async Task GrowAsync(int chunks)
        {
            var goal = _chunks + chunks;
            await UntilAsync(() => _chunks >= goal);
        }

        /// <summary>Waits for the end and holds what was read against the log, the history and what the agent says.</summary>
        public async Task<IReadOnlyList<Actors.Persistence.StoredEvent>> EndAsync()
        {
            await UntilAsync(() => _hasEnded);
            await _end.CancelAsync();
            await _reading;
            _end.Dispose();
            var log = await _cluster.LogAsync(_session);
            Assert.Equal(Transcript.OfLog(log), _reader.Lines);
            var chunks = log.Select(e => e.Event).OfType<StreamChunk>().ToList();
            Assert.Equal(Enumerable.Range(0, chunks.Count), chunks.Select(chunk => chunk.Index));
            Assert.Equal(chunks.Select(chunk => chunk.Epoch).Order(), chunks.Select(chunk => chunk.Epoch));
            var ended = Assert.Single(log.Select(e => e.Event).OfType<StreamEnded>());
            Assert.Equal(StreamStatus.Complete, ended.Status);
            Assert.Equal(string.Concat(chunks.Select(chunk => chunk.Content)), ended.Content);
            var said = string.Concat(Enumerable.Range(0, Tokens).Select(i => string.Create(CultureInfo.InvariantCulture, $"t{i} ")));
            Assert.Equal(said.TrimEnd(), ended.Content.TrimEnd());
            var history = await _node.SendAsync(HttpMethod.Get, $"/api/chat/sessions/{_session}/messages", "kim");
            Assert.Equal(ended.Content, history!.Value.GetProperty("messages").EnumerateArray().Last().GetProperty("content").GetString());
            return log;
        }

        private Task UntilAsync(Func<bool> condition) => TestCluster.UntilAsync(
            async () =>
            {
                if (_reading.IsFaulted)
                {
                    await _reading;
                }
                return condition();
            },
            () => $"{_chunks} chunks, {_reader.State}\n" + string.Join('\n', _cluster.Nodes.Select(node => $"--- {node}\n{node.Output}")));
    }
}
