using Chat.Actors.Sessions;
using Chat.Protocol;
using Chat.Tests.Support;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.Sessions;

public class RunRulesTests
{
    private static ClaimRun Claim(MessageId id) => new() { Caller = Caller.Server, MessageId = id, Node = "n1" };

    private static AppendChunk Chunk(MessageId id, int epoch, string text, int? index = null) =>
        new() { Caller = Caller.Server, MessageId = id, Content = text, Epoch = epoch, Index = index };

    private static EndStream End(MessageId id, int epoch, string status = StreamStatus.Complete) =>
        new() { Caller = Caller.Server, MessageId = id, Status = status, Epoch = epoch };

    private static (SessionState, MessageId) Running()
    {
        var state = NewSession(agent: 1);
        var run = state.Accept(Post()).RunId!.Value;
        Assert.Equal(1, state.Accept(Claim(run)).Epoch);
        return (state, run);
    }

    [Fact]
    public void A_message_and_the_run_that_answers_it_are_one_append()
    {
        var state = NewSession(agent: 1);
        var (_, events) = state.Decide(Post(), Noon);
        Assert.Collection(events, e => Assert.IsType<MessagePosted>(e), e => Assert.IsType<RunQueued>(e));
    }

    [Fact]
    public void A_session_without_an_agent_is_answered_only_where_one_is_asked_for()
    {
        var state = NewSession();
        Assert.Null(state.Accept(Post()).RunId);
        Assert.NotNull(state.Accept(Post() with { AnswerBy = new AnsweringAgent(1, "Echo") }).RunId);
    }

    [Fact]
    public void An_agents_own_message_is_not_answered()
    {
        var state = NewSession(agent: 1);
        Assert.Null(state.Accept(Post(by: new Caller("1", "Echo", IsAgent: true))).RunId);
    }

    [Fact]
    public void Runs_of_one_session_queue()
    {
        var state = NewSession(agent: 1);
        var first = state.Accept(Post()).RunId!.Value;
        var second = state.Accept(Post()).RunId!.Value;
        Assert.Equal(ErrorCode.NotFound, state.Refuse(Claim(second)));
        state.Accept(Claim(first));
        state.Accept(End(first, 1));
        state.Accept(Claim(second));
    }

    [Fact]
    public void The_end_carries_the_whole_text()
    {
        var (state, run) = Running();
        state.Accept(Chunk(run, 1, "안녕"));
        state.Accept(Chunk(run, 1, "하세요"));
        var (_, events) = state.Decide(End(run, 1), Noon);
        Assert.Equal("안녕하세요", Assert.IsType<StreamEnded>(Assert.Single(events)).Content);
    }

    [Fact]
    public void A_takeover_raises_the_epoch_and_the_old_owners_chunks_are_refused()
    {
        var (state, run) = Running();
        state.Accept(Chunk(run, 1, "a"));
        Assert.Equal(2, state.Accept(Claim(run)).Epoch);
        Assert.Equal(ErrorCode.Forbidden, state.Refuse(Chunk(run, 1, "b")));
        Assert.Equal(ErrorCode.Forbidden, state.Refuse(End(run, 1)));
        state.Accept(Chunk(run, 2, "b"));
        Assert.Equal("ab", state.FindRun(run)!.Text.ToString());
    }

    [Fact]
    public void A_repeated_chunk_is_stored_once()
    {
        var (state, run) = Running();
        state.Accept(Chunk(run, 1, "a", index: 0));
        state.Accept(Chunk(run, 1, "a", index: 0));
        state.Accept(Chunk(run, 1, "b", index: 1));
        Assert.Equal(ErrorCode.BadField, state.Refuse(Chunk(run, 1, "d", index: 3)));
        Assert.Equal("ab", state.FindRun(run)!.Text.ToString());
    }

    [Fact]
    public void No_chunk_follows_a_stop_and_stopping_again_changes_nothing()
    {
        var (state, run) = Running();
        state.Accept(Chunk(run, 1, "a"));
        Assert.Equal(StreamStatus.Stopped, state.Accept(new StopRun { Caller = Lee, MessageId = run }).Status);
        Assert.Equal(ErrorCode.NotFound, state.Refuse(Chunk(run, 1, "b")));
        var head = state.Head;
        Assert.Equal(StreamStatus.Stopped, state.Accept(new StopRun { Caller = Kim, MessageId = run }).Status);
        state.Accept(new StopRun { Caller = Kim });
        Assert.Equal(StreamStatus.Stopped, state.Accept(End(run, 1)).Status);
        Assert.Equal(head, state.Head);
    }

    [Fact]
    public void A_waiting_run_that_is_stopped_still_begins_and_ends()
    {
        var state = NewSession(agent: 1);
        var run = state.Accept(Post()).RunId!.Value;
        var (_, events) = state.Decide(new StopRun { Caller = Kim, MessageId = run }, Noon);
        Assert.Collection(events, e => Assert.IsType<StreamStarted>(e), e => Assert.Equal(StreamStatus.Stopped, Assert.IsType<StreamEnded>(e).Status));
    }

    [Fact]
    public void Nobody_but_the_server_claims_or_writes_a_run()
    {
        var (state, run) = Running();
        Assert.Equal(ErrorCode.NotFound, state.Refuse(Claim(run) with { Caller = Kim }));
        Assert.Equal(ErrorCode.NotFound, state.Refuse(Claim(run) with { Caller = Admin }));
        Assert.Equal(ErrorCode.Forbidden, state.Refuse(Chunk(run, 1, "x") with { Caller = Kim }));
        Assert.Equal(ErrorCode.Forbidden, state.Refuse(End(run, 1) with { Caller = Admin }));
    }

    [Fact]
    public void An_outside_agent_writes_its_own_answer_and_no_others()
    {
        var state = NewSession();
        var agent = new Caller("lee", "Lee", IsAgent: true);
        Assert.Equal(ErrorCode.Forbidden, state.Refuse(new StartStream { Caller = Kim, MessageId = MessageId.New() }));
        var id = state.Accept(new StartStream { Caller = agent, MessageId = MessageId.New(), ClientMessageId = "mine" }).MessageId;
        Assert.Equal(id, state.Accept(new StartStream { Caller = agent, MessageId = MessageId.New(), ClientMessageId = "mine" }).MessageId);
        state.Accept(new AppendChunk { Caller = agent, MessageId = id, Content = "a" });
        Assert.Equal(ErrorCode.Forbidden, state.Refuse(new AppendChunk { Caller = Kim, MessageId = id, Content = "b" }));
        state.Accept(new EndStream { Caller = agent, MessageId = id, Status = StreamStatus.Complete, TokensUsed = 3, LatencyMs = 9 });
        Assert.Equal(StreamStatus.Complete, state.Messages.Find(id)!.Status);
    }

    [Fact]
    public void An_outside_agent_that_comes_back_through_another_node_is_not_ended_by_its_old_socket()
    {
        var state = NewSession();
        var agent = new Caller("lee", "Lee", IsAgent: true);
        var start = new StartStream { Caller = agent, MessageId = MessageId.New(), ClientMessageId = "mine", Node = "a" };
        var id = state.Accept(start).MessageId;
        state.Accept(new AppendChunk { Caller = agent, MessageId = id, Content = "a", Node = "a" });
        Assert.Equal("a", state.FindRun(id)!.Node);
        state.Accept(new AppendChunk { Caller = agent, MessageId = id, Content = "b", Node = "b" });
        Assert.Equal("b", state.FindRun(id)!.Node);
        state.Accept(new EndStream { Caller = agent, MessageId = id, Status = StreamStatus.Interrupted, Node = "a" });
        Assert.Equal("ab", state.FindRun(id)!.Text.ToString());
        Assert.Equal(id, state.Accept(start with { Node = "c" }).MessageId);
        state.Accept(new EndStream { Caller = agent, MessageId = id, Status = StreamStatus.Interrupted, Node = "b" });
        Assert.True(state.FindRun(id)!.IsRunning);
        state.Accept(new EndStream { Caller = agent, MessageId = id, Status = StreamStatus.Interrupted, Node = "c" });
        Assert.Null(state.FindRun(id));
    }

    [Fact]
    public void An_outside_answer_that_the_server_has_claimed_is_the_servers_to_end()
    {
        var state = NewSession();
        var agent = new Caller("lee", "Lee", IsAgent: true);
        var id = state.Accept(new StartStream { Caller = agent, MessageId = MessageId.New() }).MessageId;
        var epoch = state.Accept(Claim(id)).Epoch;
        Assert.Equal(ErrorCode.Forbidden, state.Refuse(new AppendChunk { Caller = agent, MessageId = id, Content = "a" }));
        state.Accept(End(id, epoch, StreamStatus.Interrupted));
    }

    [Fact]
    public void An_answer_does_not_grow_without_bound()
    {
        var (state, run) = Running();
        var piece = new string('x', Limits.Content);
        for (var i = 0; i < Limits.StreamContent / Limits.Content; i++)
        {
            state.Accept(Chunk(run, 1, piece));
        }
        Assert.Equal(ErrorCode.TooLong, state.Refuse(Chunk(run, 1, "x")));
    }

    [Fact]
    public void One_who_was_removed_adds_nothing_to_its_answer_and_may_end_it()
    {
        var state = NewSession();
        var agent = new Caller("lee", "Lee", IsAgent: true);
        var id = state.Accept(new StartStream { Caller = agent, MessageId = MessageId.New() }).MessageId;
        state.Accept(new RemoveMember { Caller = Kim, UserId = "lee" });
        Assert.Equal(ErrorCode.NotFound, state.Refuse(new AppendChunk { Caller = agent, MessageId = id, Content = "a" }));
        state.Accept(new EndStream { Caller = agent, MessageId = id, Status = StreamStatus.Interrupted });
    }
}
