using Chat.Actors.Agents;
using Chat.Protocol;
using Chat.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Chat.Tests.Agents;

/// <summary>What becomes of answers when a process or the storage goes away.</summary>
public sealed class AgentRunsRecoveryTests : IAsyncDisposable
{
    private static readonly SessionId Here = new("here");
    private readonly ManualTime _time = new();
    private readonly ScriptedGateway _gateway;
    private readonly List<AgentRuns> _started = [];

    public AgentRunsRecoveryTests() => _gateway = new ScriptedGateway(_time);

    public async ValueTask DisposeAsync()
    {
        foreach (var runs in _started)
        {
            await runs.DisposeAsync();
        }
    }

    [Fact]
    public async Task An_agent_that_can_goes_on_from_what_is_written()
    {
        var agent = new TestAgent { CanContinue = true };
        var id = _gateway.Leave(Here, "Once upon ");
        await Node(agent).StartAsync(_gateway);
        var stream = await agent.OpenedAsync();
        Assert.Equal("Once upon ", stream.Prompt.Written);
        stream.Give("a time");
        stream.End();
        var chunk = await _gateway.NextAsync<AppendChunk>();
        Assert.Equal((1, 2), (chunk.Index, chunk.Epoch));
        var end = await _gateway.NextAsync<EndStream>();
        Assert.Equal((StreamStatus.Complete, null, 2), (end.Status, end.LatencyMs, end.Epoch));
        await _gateway.EndedAsync(1);
        Assert.Equal((id, "Once upon a time"), _gateway.Ended.Select(ended => (ended.MessageId, ended.Content)).Single());
    }

    [Fact]
    public async Task An_agent_that_cannot_leaves_its_answer_interrupted_and_the_next_one_runs()
    {
        var agent = new TestAgent { Always = ["two"] };
        _gateway.Leave(Here, "Once upon ");
        _gateway.Post(Here);
        await Node(agent).StartAsync(_gateway);
        await _gateway.EndedAsync(2);
        Assert.Equal([(StreamStatus.Interrupted, "Once upon "), (StreamStatus.Complete, "two")], _gateway.Ended.Select(ended => (ended.Status, ended.Content)));
    }

    [Fact]
    public async Task An_answer_of_which_nothing_was_written_is_begun_again_by_any_agent()
    {
        _gateway.Leave(Here, "");
        await Node(new TestAgent { Always = ["again"] }).StartAsync(_gateway);
        await _gateway.EndedAsync(1);
        Assert.Equal((StreamStatus.Complete, "again"), _gateway.Ended.Select(ended => (ended.Status, ended.Content)).Single());
    }

    [Fact]
    public async Task A_message_that_nobody_had_begun_to_answer_is_answered()
    {
        _gateway.Post(Here);
        await Node(new TestAgent { Always = ["late"] }).StartAsync(_gateway);
        await _gateway.EndedAsync(1);
        Assert.Equal("late", _gateway.Shown);
    }

    [Fact]
    public async Task What_an_outside_agent_streamed_ends_as_interrupted()
    {
        _gateway.Leave(Here, "half", streamedBy: "agent-7");
        await Node(new TestAgent { CanContinue = true }).StartAsync(_gateway);
        await _gateway.EndedAsync(1);
        Assert.Equal((StreamStatus.Interrupted, "half"), _gateway.Ended.Select(ended => (ended.Status, ended.Content)).Single());
    }

    [Fact]
    public async Task What_an_outside_agent_streams_now_is_left_to_it()
    {
        var runs = Node(new TestAgent());
        _gateway.Leave(Here, "half", streamedBy: "agent-7");
        runs.Observe(Here, [new RunQueued { At = ManualTime.Start, MessageId = new MessageId("m"), AgentId = 1, AgentName = "a", PromptId = new MessageId("p") }]);
        await runs.IdleAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Empty(_gateway.Commands);
    }

    /// <summary>The beginning was appended here, where the session is at home; the agent's socket was on the node that is gone.</summary>
    [Fact]
    public async Task What_an_outside_agent_streamed_through_a_node_that_is_gone_ends_also_where_its_beginning_was_noted()
    {
        var runs = Node(new TestAgent(), isAlive: node => node != "gone");
        var left = _gateway.Leave(Here, "half", streamedBy: "agent-7", node: "gone");
        runs.Observe(Here, [new StreamStarted { At = ManualTime.Start, MessageId = left, SenderId = "agent-7", SenderName = "a", Epoch = 1, StreamedBy = "agent-7", Node = "gone" }]);
        await runs.TakeOverAsync([Here]);
        await _gateway.EndedAsync(1);
        Assert.Equal((left, StreamStatus.Interrupted), _gateway.Ended.Select(ended => (ended.MessageId, ended.Status)).Single());
    }

    [Fact]
    public async Task What_an_outside_agent_streams_through_a_living_node_is_left_to_it()
    {
        var runs = Node(new TestAgent(), isAlive: _ => true);
        _gateway.Leave(Here, "half", streamedBy: "agent-7", node: "n2");
        await runs.TakeOverAsync([Here]);
        await runs.IdleAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Empty(_gateway.Commands);
    }

    [Fact]
    public async Task A_start_waits_for_the_storage()
    {
        _gateway.Post(Here);
        _gateway.FailingReads = 2;
        var start = Node(new TestAgent { Always = ["ok"] }).StartAsync(_gateway);
        await _time.PassAsync(TimeSpan.FromMilliseconds(100));
        await _time.PassAsync(TimeSpan.FromMilliseconds(200));
        await start;
        await _gateway.EndedAsync(1);
    }

    [Fact]
    public async Task A_stopped_node_closes_its_providers_and_leaves_the_answers_open_for_the_next()
    {
        var agent = new TestAgent { CanContinue = true };
        var first = Node(agent);
        _gateway.Post(Here);
        var stream = await agent.OpenedAsync();
        stream.Give("0123456789", "a");
        await _gateway.NextAsync<AppendChunk>();
        await first.StopAsync();
        Assert.True(stream.IsClosed);
        Assert.Empty(_gateway.Ended);
        _gateway.Post(Here);
        Assert.Equal(0, first.ActiveSessions);

        await Node(agent, "n2").StartAsync(_gateway);
        var rest = await agent.OpenedAsync();
        Assert.Equal("0123456789", rest.Prompt.Written);
        rest.End();
        (await agent.OpenedAsync()).End();
        await _gateway.EndedAsync(2);
    }

    [Fact]
    public async Task The_old_owner_s_late_chunk_is_refused_and_it_gives_up()
    {
        var agent = new TestAgent { CanContinue = true };
        var old = Node(agent);
        _gateway.Post(Here);
        var stream = await agent.OpenedAsync();
        stream.Give("0123456789", "a");
        await _gateway.NextAsync<AppendChunk>();

        // The old node is cut off: it does not hear that another has taken over.
        _gateway.Observer = null;
        await Node(agent, "n2").StartAsync(_gateway);
        var rest = await agent.OpenedAsync();
        stream.Give("bcdefghijkl");
        await stream.ClosedAsync();
        rest.Give("ABC");
        rest.End();
        await _gateway.EndedAsync(1);
        Assert.Equal("0123456789ABC", _gateway.Ended.Single().Content);
        await old.IdleAsync().WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_storage_that_is_away_in_the_middle_costs_time_and_no_chunk()
    {
        var agent = new TestAgent { Always = ["0123456789abcdefghij!"] };
        var refusals = 2;
        _gateway.Refuse = command => command is AppendChunk { Index: 1 } && refusals-- > 0 ? new Rejected(ErrorCode.StorageUnavailable, "away") : null;
        Node(agent);
        _gateway.Post(Here);
        await _time.PassAsync(TimeSpan.FromMilliseconds(100));
        await _time.PassAsync(TimeSpan.FromMilliseconds(200));
        await _gateway.EndedAsync(1);
        Assert.Equal("0123456789abcdefghij!", _gateway.Ended.Single().Content);
        Assert.Equal([0, 1, 1, 1, 2], _gateway.Commands.OfType<AppendChunk>().Select(chunk => chunk.Index!.Value));
    }

    [Fact]
    public async Task A_chunk_whose_confirmation_was_lost_is_not_written_twice()
    {
        var agent = new TestAgent { Always = ["0123456789abcdefghij!"] };
        var losses = 1;
        _gateway.LoseAnswer = command => command is AppendChunk { Index: 1 } && losses-- > 0;
        Node(agent);
        _gateway.Post(Here);
        await _time.PassAsync(TimeSpan.FromMilliseconds(100));
        await _gateway.EndedAsync(1);
        Assert.Equal("0123456789abcdefghij!", _gateway.Ended.Single().Content);
    }

    [Fact]
    public async Task The_claim_and_the_end_are_tried_until_the_storage_is_back()
    {
        var refusals = new Dictionary<Type, int> { [typeof(ClaimRun)] = 1, [typeof(EndStream)] = 1 };
        _gateway.Refuse = command => refusals.TryGetValue(command.GetType(), out var left) && left > 0 && (refusals[command.GetType()] = left - 1) >= 0
            ? new Rejected(ErrorCode.ClusterUnavailable, "away", TimeSpan.FromSeconds(1))
            : null;
        Node(new TestAgent { Always = ["ok"] });
        _gateway.Post(Here);
        await _time.PassAsync(TimeSpan.FromSeconds(1));
        await _time.PassAsync(TimeSpan.FromSeconds(1));
        await _gateway.EndedAsync(1);
        Assert.Equal(StreamStatus.Complete, _gateway.Ended.Single().Status);
    }

    [Fact]
    public async Task A_session_that_cannot_be_read_does_not_keep_the_others_waiting()
    {
        _gateway.Broken = new SessionId("broken");
        _gateway.Leave(_gateway.Broken.Value, "");
        _gateway.Leave(Here, "");
        await Node(new TestAgent { Always = ["again"] }).StartAsync(_gateway);
        await _gateway.EndedAsync(1);
        Assert.Equal("again", _gateway.Ended.Single().Content);
    }

    [Fact]
    public async Task A_node_that_stops_while_the_storage_is_away_waits_for_it_no_longer()
    {
        _gateway.Leave(Here, "");
        _gateway.FailingReads = int.MaxValue;
        var node = Node(new TestAgent());
        var start = node.StartAsync(_gateway);
        await _time.ArmedAsync(TimeSpan.FromMilliseconds(100));
        await node.StopAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    private AgentRuns Node(TestAgent agent, string name = "n1", Func<string, bool>? isAlive = null)
    {
        var options = new AgentRunOptions { Node = name, ChunkSize = 10, Delay = TimeSpan.Zero };
        var runs = new AgentRuns(_gateway, _gateway, id => id == agent.Id ? agent : null, options, _time, NullLogger<AgentRuns>.Instance, isAlive);
        _gateway.Observer = (session, events) => runs.Observe(session, events);
        _started.Add(runs);
        return runs;
    }
}
