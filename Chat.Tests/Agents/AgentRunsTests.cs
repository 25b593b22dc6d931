using Chat.Actors.Agents;
using Chat.Protocol;
using Chat.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Chat.Tests.Agents;

public sealed class AgentRunsTests : IAsyncDisposable
{
    private static readonly SessionId Here = new("here");
    private readonly ManualTime _time = new();
    private readonly ScriptedGateway _gateway;
    private readonly Dictionary<int, IAgent> _agents = [];
    private readonly TestAgent _agent = new();
    private readonly AgentRuns _runs;

    public AgentRunsTests()
    {
        _agents[1] = _agent;
        _gateway = new ScriptedGateway(_time);
        _runs = Node(10);
    }

    public async ValueTask DisposeAsync() => await _runs.DisposeAsync();

    [Fact]
    public async Task An_answer_is_claimed_streamed_and_ended()
    {
        var id = _gateway.Post(Here);
        var stream = await _agent.OpenedAsync();
        Assert.Equal("hello", stream.Prompt.Conversation[^1].Text);
        _time.Advance(1_500);
        stream.Give("0123456789", "abc");
        stream.End();
        var end = await _gateway.NextAsync<EndStream>();
        Assert.Equal((StreamStatus.Complete, 2, 1_500, 1), (end.Status, end.TokensUsed, end.LatencyMs, end.Epoch));
        await DoneAsync();

        var ended = Assert.Single(_gateway.Ended);
        Assert.Equal((id, "0123456789abc"), (ended.MessageId, ended.Content));
        Assert.Equal([0, 1], _gateway.Commands.OfType<AppendChunk>().Select(chunk => chunk.Index!.Value));
        Assert.True(stream.IsClosed);
    }

    [Fact]
    public async Task A_chunk_is_sent_only_after_the_one_before_it_is_durable()
    {
        var durable = new TaskCompletionSource();
        _gateway.Hold = command => command is AppendChunk ? durable.Task : Task.CompletedTask;
        _gateway.Post(Here);
        var stream = await _agent.OpenedAsync();
        stream.Give(new string('x', 100));
        stream.End();
        await _gateway.NextAsync<AppendChunk>();
        Assert.Single(_gateway.Commands.OfType<AppendChunk>());
        durable.SetResult();
        await _gateway.NextAsync<EndStream>();
        Assert.Equal(new string('x', 100), _gateway.Shown);
    }

    [Fact]
    public async Task Two_messages_quickly_after_another_queue_their_answers()
    {
        var first = _gateway.Post(Here);
        var second = _gateway.Post(Here);
        var stream = await _agent.OpenedAsync();
        Assert.Equal(1, _agent.Opened);
        stream.Give("one");
        stream.End();
        var next = await _agent.OpenedAsync();
        next.Give("two");
        next.End();
        await DoneAsync();
        Assert.Equal([(first, "one"), (second, "two")], _gateway.Ended.Select(ended => (ended.MessageId, ended.Content)));
        Assert.Equal(2, _gateway.Commands.OfType<ClaimRun>().Count());
    }

    [Fact]
    public async Task Answers_of_different_sessions_run_side_by_side()
    {
        _gateway.Post(new SessionId("a"));
        _gateway.Post(new SessionId("b"));
        var a = await _agent.OpenedAsync();
        var b = await _agent.OpenedAsync();
        b.End();
        a.End();
        await DoneAsync();
        Assert.All(_gateway.Ended, ended => Assert.Equal(StreamStatus.Complete, ended.Status));
    }

    [Fact]
    public async Task Stop_in_the_middle_closes_the_provider_and_lets_no_later_chunk_through()
    {
        _gateway.Post(Here);
        var stream = await _agent.OpenedAsync();
        stream.Give("0123456789", "a");
        await _gateway.NextAsync<AppendChunk>();
        await _gateway.StopAsync(Here);
        stream.Give("late chunk, late chunk");
        await stream.ClosedAsync();
        await DoneAsync();
        Assert.Equal("0123456789", _gateway.Shown);
        Assert.Equal(StreamStatus.Stopped, Assert.Single(_gateway.Ended).Status);
        Assert.DoesNotContain(_gateway.Commands, command => command is EndStream);
    }

    [Fact]
    public async Task Stop_before_the_first_token_closes_the_provider()
    {
        _gateway.Post(Here);
        var stream = await _agent.OpenedAsync();
        await _gateway.StopAsync(Here);
        await stream.ClosedAsync();
        await DoneAsync();
        Assert.Equal(("", StreamStatus.Stopped), Assert.Single(_gateway.Ended.Select(ended => (ended.Content, ended.Status))));
    }

    [Fact]
    public async Task Stop_while_the_claim_is_under_way_asks_no_provider()
    {
        var claim = new TaskCompletionSource();
        _gateway.Hold = command => command is ClaimRun ? claim.Task : Task.CompletedTask;
        _gateway.Post(Here);
        await _gateway.NextAsync<ClaimRun>();
        await _gateway.StopAsync(Here);
        claim.SetResult();
        await DoneAsync();
        Assert.Equal(0, _agent.Opened);
        Assert.Equal(StreamStatus.Stopped, Assert.Single(_gateway.Ended).Status);
    }

    [Fact]
    public async Task Stop_while_a_chunk_waits_for_the_log_closes_the_provider()
    {
        _gateway.Hold = command => command is AppendChunk ? new TaskCompletionSource().Task : Task.CompletedTask;
        _gateway.Post(Here);
        var stream = await _agent.OpenedAsync();
        stream.Give("0123456789", "a");
        await _gateway.NextAsync<AppendChunk>();
        await _gateway.StopAsync(Here);
        await stream.ClosedAsync();
        await DoneAsync();
    }

    [Fact]
    public async Task Stopping_twice_changes_nothing_and_the_next_answer_runs()
    {
        var first = _gateway.Post(Here);
        var second = _gateway.Post(Here);
        var stream = await _agent.OpenedAsync();
        await _gateway.StopAsync(Here, first);
        await _gateway.StopAsync(Here, first);
        await stream.ClosedAsync();
        var next = await _agent.OpenedAsync();
        Assert.False(next.IsClosed);
        next.Give("two");
        next.End();
        await DoneAsync();
        Assert.Equal([(first, StreamStatus.Stopped), (second, StreamStatus.Complete)], _gateway.Ended.Select(ended => (ended.MessageId, ended.Status)));
    }

    [Fact]
    public async Task Stopping_an_answer_that_waits_leaves_the_running_one_alone()
    {
        _gateway.Post(Here);
        var second = _gateway.Post(Here);
        var stream = await _agent.OpenedAsync();
        await _gateway.StopAsync(Here, second);
        stream.Give("one");
        stream.End();
        await DoneAsync();
        Assert.Equal([StreamStatus.Stopped, StreamStatus.Complete], _gateway.Ended.Select(ended => ended.Status));
        Assert.Equal(1, _agent.Opened);
    }

    [Fact]
    public async Task A_chunk_that_is_refused_ends_the_reading_at_once()
    {
        // The stop was decided elsewhere and this node has not heard of it.
        _gateway.Refuse = command => command is AppendChunk ? new Rejected(ErrorCode.NotFound, "ended") : null;
        _gateway.Post(Here);
        var stream = await _agent.OpenedAsync();
        stream.Give("0123456789", "a");
        await stream.ClosedAsync();
        await DoneAsync();
        Assert.Single(_gateway.Commands.OfType<AppendChunk>());
        Assert.DoesNotContain(_gateway.Commands, command => command is EndStream);
    }

    [Fact]
    public async Task An_answer_taken_over_by_another_node_is_left_to_it()
    {
        var id = _gateway.Post(Here);
        var stream = await _agent.OpenedAsync();
        stream.Give("0123456789", "a");
        await _gateway.NextAsync<AppendChunk>();
        await _gateway.AskAsync(Here, new ClaimRun { Caller = Caller.Server, MessageId = id, Node = "n2" });
        await stream.ClosedAsync();
        await DoneAsync();

        // The other node streams it: news of the session must not make this one take it back.
        _gateway.Post(Here);
        await DoneAsync();
        Assert.Equal(1, _agent.Opened);
        Assert.Equal(["n1", "n2"], _gateway.Commands.OfType<ClaimRun>().Select(claim => claim.Node));
    }

    [Fact]
    public async Task Another_node_s_batch_closes_but_does_not_start()
    {
        _gateway.Observer = (session, events) => _runs.Observe(session, events, here: false);
        _gateway.Post(Here);
        await DoneAsync();
        Assert.Empty(_gateway.Commands);
    }

    [Fact]
    public async Task A_provider_s_failure_ends_the_answer_as_failed_with_what_there_is()
    {
        _gateway.Post(Here);
        _gateway.Post(Here);
        var stream = await _agent.OpenedAsync();
        stream.Give("half");
        stream.Fail(new AgentException("The service broke off"));
        (await _agent.OpenedAsync()).End();
        await DoneAsync();
        Assert.Equal([(StreamStatus.Failed, "half"), (StreamStatus.Complete, "")], _gateway.Ended.Select(ended => (ended.Status, ended.Content)));
    }

    [Fact]
    public async Task A_bug_in_an_agent_ends_its_answer_as_failed_and_no_other()
    {
        _gateway.Post(new SessionId("a"));
        _gateway.Post(new SessionId("b"));
        var a = await _agent.OpenedAsync();
        var b = await _agent.OpenedAsync();
        a.Fail(new InvalidOperationException("bug"));
        await _gateway.NextAsync<EndStream>();
        b.Give("fine");
        b.End();
        await DoneAsync();
        Assert.Equal([StreamStatus.Failed, StreamStatus.Complete], _gateway.Ended.Select(ended => ended.Status));
    }

    [Theory]
    [InlineData(99)]
    [InlineData(2)]
    public async Task An_agent_that_does_not_answer_here_ends_its_run_as_failed(int agentId)
    {
        _agents[2] = new TestAgent { Id = 2, AnswersItself = true };
        _gateway.Post(Here, agentId);
        Assert.Equal(StreamStatus.Failed, (await _gateway.NextAsync<EndStream>()).Status);
    }

    [Fact]
    public async Task A_message_that_is_gone_is_not_answered()
    {
        _gateway.Says = () => new Conversation([], null);
        _gateway.Post(Here);
        Assert.Equal(StreamStatus.Failed, (await _gateway.NextAsync<EndStream>()).Status);
        Assert.Equal(0, _agent.Opened);
    }

    [Fact]
    public async Task An_answer_without_end_is_cut_off()
    {
        await using var runs = Node(10_000);
        _gateway.Post(Here);
        var stream = await _agent.OpenedAsync();
        stream.Give(new string('x', AgentRun.MaxAnswer + 10_000));
        Assert.Equal(StreamStatus.Failed, (await _gateway.NextAsync<EndStream>()).Status);
        Assert.True(stream.IsClosed);
    }

    [Fact]
    public async Task Memory_of_a_session_is_dropped_when_its_answers_have_ended()
    {
        for (var i = 0; i < 20; i++)
        {
            _gateway.Post(new SessionId($"s{i}"));
            (await _agent.OpenedAsync()).End();
        }
        await DoneAsync();
        Assert.Equal(0, _runs.ActiveSessions);
    }

    private AgentRuns Node(int chunkSize)
    {
        var options = new AgentRunOptions { Node = "n1", ChunkSize = chunkSize, Delay = TimeSpan.Zero };
        var runs = new AgentRuns(_gateway, _gateway, id => _agents.GetValueOrDefault(id), options, _time, NullLogger<AgentRuns>.Instance);
        _gateway.Observer = (session, events) => runs.Observe(session, events);
        return runs;
    }

    private Task DoneAsync() => _runs.IdleAsync().WaitAsync(TimeSpan.FromSeconds(30));
}
