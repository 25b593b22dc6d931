using Akka.Actor;
using Akka.Configuration;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Chat.Actors.AkkaEngine;
using Chat.Protocol;
using Chat.Tests.Support;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.AkkaEngine;

/// <summary>How a node asks its sessions, and asks again; the test plays the sessions.</summary>
public sealed class SessionAskerTests : TestKit
{
    private static readonly SessionId Session = new("s1");
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    private readonly ManualTime _time = new();
    private readonly AskLanes _lanes = new();
    private readonly TestProbe _sessions;
    private readonly IActorRef _asker;

    public SessionAskerTests() : base(ConfigurationFactory.ParseString("akka.loglevel = OFF\nakka.stdout-loglevel = OFF\nakka.test.single-expect-default = 60s"))
    {
        _sessions = CreateTestProbe();
        _asker = Begin("node-1");
    }

    [Fact]
    public async Task A_command_goes_out_at_once_and_comes_back_as_it_was_answered()
    {
        var reply = Ask(Post("a"));
        var ask = await NextAsync();
        Assert.Equal((Session, "node-1", 0, _time.GetUtcNow()), (ask.Session, ask.Asker, ask.Place, ask.SentAt));
        Accept(ask, 2);
        Assert.Equal(2, Assert.IsType<Accepted>(await reply.WaitAsync(Long)).Seq);
    }

    [Fact]
    public async Task Commands_of_a_session_are_one_row_in_their_order_and_another_sessions_are_another()
    {
        _ = Ask(Post("a"));
        _ = Ask(Post("b"));
        _ = Ask(Post("other"), new SessionId("s2"));
        _ = Ask(Post("c"));
        var asks = await NextAsync(4);
        Assert.Equal(["a", "b", "other", "c"], asks.Select(Content));
        Assert.Equal([0L, 1L, 0L, 2L], asks.Select(ask => ask.Place));
        Assert.Equal(2, asks.Select(ask => ask.Row).Distinct().Count());
        Assert.Single(asks.Where(ask => ask.Session == Session).Select(ask => ask.Row).Distinct());
    }

    [Fact]
    public async Task What_was_not_done_is_sent_again_in_order_under_a_new_row_with_all_that_came_after_it()
    {
        var replies = new[] { Ask(Post("a")), Ask(Post("b")), Ask(Post("c")) };
        var asks = await NextAsync(3);
        Accept(asks[1], 7);
        Assert.IsType<Accepted>(await replies[1].WaitAsync(Long));
        NotDone(asks[0]);
        _ = Ask(Post("d"));
        var again = await NextAsync(3);
        Assert.Equal(["a", "c", "d"], again.Select(Content));
        Assert.Equal([0L, 1L, 2L], again.Select(ask => ask.Place));
        Assert.All(again, ask => Assert.Equal(again[0].Row, ask.Row));
        Assert.True(again[0].Row > asks[0].Row);
        Assert.Equal([asks[0].Command, asks[2].Command], again.Take(2).Select(ask => ask.Command));
        Accept(again[0], 8);
        Assert.Equal(8, Assert.IsType<Accepted>(await replies[0].WaitAsync(Long)).Seq);
    }

    [Fact]
    public async Task Several_that_were_not_done_are_sent_again_once()
    {
        _ = Ask(Post("a"));
        _ = Ask(Post("b"));
        var asks = await NextAsync(2);
        NotDone(asks[0]);
        NotDone(asks[1]);
        var again = await NextAsync(2);
        // Late news of the old row change nothing.
        NotDone(asks[1]);
        _ = Ask(Post("c"));
        var next = await NextAsync();
        Assert.Equal(("c", again[0].Row, 2), (Content(next), next.Row, next.Place));
    }

    [Fact]
    public async Task Silence_is_asked_again()
    {
        var reply = Ask(Post("a"));
        var ask = await NextAsync();
        _time.Advance(1500);
        _ = Ask(Post("b"));
        await NextAsync();
        _time.Advance(1000);
        var again = await NextAsync(2);
        Assert.Equal(["a", "b"], again.Select(Content));
        Assert.True(again[0].Row > ask.Row);
        Assert.Equal(again[0].Row, again[1].Row);
        // The first answer counts, whichever row it is of.
        Accept(ask, 2);
        Assert.Equal(2, Assert.IsType<Accepted>(await reply.WaitAsync(Long)).Seq);
        Accept(again[0], 9);
    }

    [Fact]
    public async Task Who_gets_no_answer_is_told_so_in_time_and_the_others_are_still_asked_for()
    {
        var first = Ask(Post("a"));
        await NextAsync();
        _time.Advance(14_000);
        var second = Ask(Post("b"));
        await UntilAsync("b");
        _time.Advance(1500);
        var rejected = Assert.IsType<Rejected>(await first.WaitAsync(Long));
        Assert.Equal(ErrorCode.StorageUnavailable, rejected.Code);
        Assert.NotNull(rejected.RetryAfter);
        Assert.False(second.IsCompleted);
        _time.Advance(2500);
        SessionAsk again;
        do
        {
            again = await NextAsync();
        }
        while (Content(again) != "b" || again.Place != 0);
        Accept(again, 5);
        Assert.Equal(5, Assert.IsType<Accepted>(await second.WaitAsync(Long)).Seq);
    }

    [Fact]
    public async Task An_answer_after_it_was_given_up_changes_nothing()
    {
        var reply = Ask(Post("a"));
        var ask = await NextAsync();
        _time.Advance(16_000);
        Assert.IsType<Rejected>(await reply.WaitAsync(Long));
        Accept(ask, 2);
        NotDone(ask);
        var next = Ask(Post("b"));
        ask = await NextAsync();
        Assert.Equal("b", Content(ask));
        Accept(ask, 3);
        Assert.Equal(3, Assert.IsType<Accepted>(await next.WaitAsync(Long)).Seq);
    }

    [Fact]
    public async Task A_row_that_is_answered_is_followed_by_a_newer_one()
    {
        var first = Ask(Post("a"));
        var ask = await NextAsync();
        Accept(ask, 2);
        await first.WaitAsync(Long);
        _ = Ask(Post("b"));
        var next = await NextAsync();
        Assert.True(next.Row > ask.Row);
        Assert.Equal(0, next.Place);
    }

    [Fact]
    public async Task A_fault_of_the_session_is_thrown_where_it_was_asked()
    {
        var (reply, other) = (Ask(Post("a")), Ask(Post("b")));
        var asks = await NextAsync(2);
        _asker.Tell(new SessionAnswer(Session, asks[0].Row, asks[0].Number, Reply: null, "no such column"));
        var fault = await Assert.ThrowsAsync<SessionFaultException>(() => reply.WaitAsync(Long));
        Assert.Equal("no such column", fault.Message);
        Accept(asks[1], 2);
        Assert.IsType<Accepted>(await other.WaitAsync(Long));
    }

    [Fact]
    public async Task A_refusal_is_an_answer_like_any_other()
    {
        var reply = Ask(Post("a"));
        var ask = await NextAsync();
        _asker.Tell(new SessionAnswer(Session, ask.Row, ask.Number, new Rejected(ErrorCode.Archived, "no")));
        Assert.Equal(ErrorCode.Archived, Assert.IsType<Rejected>(await reply.WaitAsync(Long)).Code);
    }

    [Fact]
    public async Task Another_region_is_asked_from_then_on_for_what_is_open_too()
    {
        var reply = Ask(Post("a"));
        var ask = await NextAsync();
        var proxy = CreateTestProbe();
        _asker.Tell(new SessionAsker.UseRegion(proxy.Ref));
        NotDone(ask);
        var again = await proxy.ExpectMsgAsync<SessionAsk>();
        Assert.Equal("a", Content(again));
        Accept(again, 2);
        Assert.IsType<Accepted>(await reply.WaitAsync(Long));
        await _sessions.ExpectNoMsgAsync(TimeSpan.Zero);
    }

    [Fact]
    public async Task The_asker_of_the_nodes_next_life_goes_on_with_all_that_waits_in_its_order()
    {
        var replies = new[] { Ask(Post("a")), Ask(Post("b")) };
        var asked = await NextAsync(2);
        await _asker.GracefulStop(Long);
        var late = new TaskCompletionSource<Reply>(TaskCreationOptions.RunContinuationsAsynchronously);
        Assert.Null(_lanes.Post(new AskLanes.Ask(Session, null, Post("c"), late)));
        var next = Begin("node-1/2");
        var again = await NextAsync(3);
        Assert.Equal(["a", "b", "c"], again.Select(Content));
        Assert.All(again, ask => Assert.Equal(("node-1/2", again[0].Row), (ask.Asker, ask.Row)));
        Assert.True(again[0].Row > asked[0].Row);
        foreach (var ask in again)
        {
            next.Tell(new SessionAnswer(ask.Session, ask.Row, ask.Number, new Accepted { Seq = 2, At = Noon }));
        }
        await Task.WhenAll([.. replies, late.Task]).WaitAsync(Long);
    }

    [Fact]
    public async Task Lanes_that_end_leave_nobody_waiting_and_take_nobody_in()
    {
        var reply = Ask(Post("a"));
        await NextAsync();
        await _asker.GracefulStop(Long);
        var untaken = new TaskCompletionSource<Reply>(TaskCreationOptions.RunContinuationsAsynchronously);
        Assert.Null(_lanes.Post(new AskLanes.Ask(Session, null, Post("b"), untaken)));
        var over = new Rejected(ErrorCode.StorageUnavailable, "over");
        _lanes.End(over);
        Assert.Same(over, await reply.WaitAsync(Long));
        Assert.Same(over, await untaken.Task.WaitAsync(Long));
        Assert.Same(over, _lanes.Post(new AskLanes.Ask(Session, null, Post("c"), untaken)));
    }

    private IActorRef Begin(string life) => Sys.ActorOf(Props.Create(() => new SessionAsker(life, _lanes, _sessions.Ref, _time)));

    private Task<Reply> Ask(SessionCommand command, SessionId? session = null)
    {
        var reply = new TaskCompletionSource<Reply>(TaskCreationOptions.RunContinuationsAsynchronously);
        Assert.Null(_lanes.Post(new AskLanes.Ask(session ?? Session, null, command, reply)));
        _asker.Tell(SessionAsker.Look.Instance);
        return reply.Task;
    }

    private async Task<SessionAsk> NextAsync() => await _sessions.ExpectMsgAsync<SessionAsk>();

    private async Task<List<SessionAsk>> NextAsync(int count)
    {
        var asks = new List<SessionAsk>();
        for (var n = 0; n < count; n++)
        {
            asks.Add(await NextAsync());
        }
        return asks;
    }

    private async Task UntilAsync(string content)
    {
        while (Content(await NextAsync()) != content)
        {
        }
    }

    private void Accept(SessionAsk ask, long seq) => _asker.Tell(new SessionAnswer(ask.Session, ask.Row, ask.Number, new Accepted { Seq = seq, At = Noon }));

    private void NotDone(SessionAsk ask) => _asker.Tell(SessionAnswer.NotDone(ask));

    private static string Content(SessionAsk ask) => ((PostMessage)ask.Command!).Content;
}
