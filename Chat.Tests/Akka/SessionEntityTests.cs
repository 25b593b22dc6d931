using Akka.Actor;
using Chat.Actors.AkkaEngine;
using Chat.Protocol;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.AkkaEngine;

/// <summary>What an entity tells, when, and what becomes of those who wait when a write goes wrong.</summary>
public sealed class SessionEntityTests() : EntityWorld(new WriteControl())
{
    public static TheoryData<string> Losses => [nameof(HeldWrite.End.LostBefore), nameof(HeldWrite.End.Rejected)];

    [Fact]
    public async Task A_post_is_answered_and_shown_only_after_it_is_durable()
    {
        await CreateAsync();
        Control.IsByHand = true;
        var post = Send(Post());
        var write = await Control.WriteAsync(0);
        await NothingAsync();
        AssertPublished(1);
        write.Finish();
        Assert.Equal(2, (await AcceptedAsync(post)).Seq);
        await AwaitAssertAsync(() => AssertPublished(1, 2));
    }

    [Fact]
    public async Task Commands_that_come_during_a_write_share_the_next_one()
    {
        await CreateAsync();
        Control.IsByHand = true;
        var first = Send(Post("first"));
        var write = await Control.WriteAsync(0);
        var others = Enumerable.Range(0, 20).Select(n => Send(Post($"m{n}"))).ToList();
        await TakenAsync();
        write.Finish();
        Assert.Equal(2, (await AcceptedAsync(first)).Seq);
        var next = await Control.WriteAsync(1);
        Assert.Equal(20, next.Events.Count);
        await NothingAsync();
        next.Finish();
        for (var n = 0; n < 20; n++)
        {
            Assert.Equal(3 + n, (await AcceptedAsync(others[n])).Seq);
        }
        await AwaitAssertAsync(() => AssertPublished(Enumerable.Range(1, 22).Select(seq => (long)seq)));
    }

    [Fact]
    public async Task More_than_one_write_holds_is_written_in_several()
    {
        await CreateAsync();
        Control.IsByHand = true;
        var first = Send(Post("first"));
        var write = await Control.WriteAsync(0);
        var others = Enumerable.Range(0, 750).Select(n => Send(Post($"m{n}"))).ToList();
        await TakenAsync();
        write.Finish();
        await AcceptedAsync(first);
        foreach (var (number, count) in new[] { (1, 500), (2, 250) })
        {
            write = await Control.WriteAsync(number);
            Assert.Equal(count, write.Events.Count);
            write.Finish();
        }
        for (var n = 0; n < others.Count; n++)
        {
            Assert.Equal(3 + n, (await AcceptedAsync(others[n])).Seq);
        }
    }

    [Theory, MemberData(nameof(Losses))]
    public async Task A_write_that_fails_is_told_to_nobody_as_done_and_the_next_entity_has_the_state_of_the_log(string loss)
    {
        await CreateAsync();
        Control.IsByHand = true;
        var post = Send(Post("lost"));
        var write = await Control.WriteAsync(0);
        var waiting = new[] { Send(Post("waits")), Send(Post("waits too")) };
        await TakenAsync();
        write.Finish(Enum.Parse<HeldWrite.End>(loss));
        await NotDoneAsync([post, .. waiting]);
        AssertPublished(1);

        Control.IsByHand = false;
        BeginRow();
        Assert.Equal(2, (await DoAsync(Post("kept"))).Seq);
        await AwaitAssertAsync(() => AssertPublished(1, 2));
        Assert.Equal([0L, 1L], Recovered);
    }

    [Theory, MemberData(nameof(Losses))]
    public async Task A_refusal_that_rests_on_a_lost_event_is_not_told(string loss)
    {
        await CreateAsync();
        Control.IsByHand = true;
        var first = Send(Post("first"));
        var write = await Control.WriteAsync(0);
        var (archive, post) = (Send(new ArchiveSession { Caller = Kim }), Send(Post("after")));
        await TakenAsync();
        write.Finish();
        await AcceptedAsync(first);
        write = await Control.WriteAsync(1);
        await NothingAsync();
        write.Finish(Enum.Parse<HeldWrite.End>(loss));
        await NotDoneAsync(archive, post);

        Control.IsByHand = false;
        BeginRow();
        Assert.Equal(3, (await DoAsync(Post("not archived"))).Seq);
    }

    [Fact]
    public async Task What_was_stored_but_not_confirmed_is_found_by_its_id_and_not_stored_again()
    {
        await CreateAsync();
        Control.IsByHand = true;
        var command = Post("once") with { CommandId = "c1" };
        var post = Send(command);
        (await Control.WriteAsync(0)).Finish(HeldWrite.End.LostAfter);
        await NotDoneAsync(post);

        Control.IsByHand = false;
        BeginRow();
        var again = await DoAsync(command);
        Assert.Equal((2, command.MessageId), (again.Seq, again.MessageId));
        Assert.Equal(3, (await DoAsync(Post("next"))).Seq);
        Assert.Equal([0L, 2L], Recovered);
    }

    [Fact]
    public async Task Whatever_reached_no_entity_is_told_as_not_done()
    {
        await CreateAsync();
        Control.IsByHand = true;
        var post = Send(Post("lost"));
        var write = await Control.WriteAsync(0);
        write.Finish(HeldWrite.End.LostBefore);
        // Some of these find it gone, some wait in it, and some come when the shard knows.
        var others = Enumerable.Range(0, 300).Select(n => Send(Post($"m{n}"))).ToList();
        await NotDoneAsync([post, .. others]);
    }

    [Fact]
    public async Task A_fault_of_one_command_is_that_commands_alone()
    {
        await CreateAsync();
        var odd = Send(new OddCommand { Caller = Kim });
        Assert.Contains("OddCommand", (await AnswerAsync(odd)).Fault, StringComparison.Ordinal);
        Assert.Equal(2, (await DoAsync(Post())).Seq);
        Assert.Single(Recovered);
    }

    [Fact]
    public async Task An_event_that_not_all_nodes_read_is_refused_and_changes_nothing()
    {
        await CreateAsync();
        Services.Events.WriteOnly(new HashSet<string> { "session-archived/1" });
        Assert.Equal(ErrorCode.ClusterUnavailable, await RejectedAsync(Send(Post())));
        Assert.Equal(2, (await DoAsync(new ArchiveSession { Caller = Kim })).Seq);
    }

    [Fact]
    public async Task A_fault_after_a_write_starts_the_entity_again_from_its_log()
    {
        await CreateAsync();
        Control.IsByHand = true;
        var post = Send(Post("stored"));
        var write = await Control.WriteAsync(0);
        var waiting = Send(Post("waits"));
        await TakenAsync();
        AfterPublish = () => throw new InvalidOperationException("a reader failed");
        write.Finish();
        Assert.Equal(2, (await AcceptedAsync(post)).Seq);
        await NotDoneAsync(waiting);

        AfterPublish = () => { };
        Control.IsByHand = false;
        BeginRow();
        Assert.Equal(3, (await DoAsync(Post("next"))).Seq);
        Assert.Equal([0L, 2L], Recovered);
    }

    [Fact]
    public async Task A_session_that_is_let_go_during_a_write_finishes_and_answers_it_and_refuses_what_waits()
    {
        await CreateAsync();
        Control.IsByHand = true;
        var post = Send(Post("under way"));
        var write = await Control.WriteAsync(0);
        var waiting = Send(Post("waits"));
        await StopAsync();
        await NothingAsync();
        write.Finish();
        Assert.Equal(2, (await AcceptedAsync(post)).Seq);
        await NotDoneAsync(waiting);
        await GoneAsync();
        AssertPublished(1, 2);
        Assert.Equal(0, Entities.Count);
    }

    [Fact]
    public async Task A_command_that_comes_while_a_session_goes_wakes_it()
    {
        await CreateAsync();
        Control.IsByHand = true;
        var post = Send(Post("under way"));
        var write = await Control.WriteAsync(0);
        await StopAsync();
        BeginRow();
        var late = Send(Post("late"));
        Control.IsByHand = false;
        write.Finish();
        Assert.Equal(2, (await AcceptedAsync(post)).Seq);
        Assert.Equal(3, (await AcceptedAsync(late)).Seq);
        Assert.Equal([0L, 2L], Recovered);
    }

    [Fact]
    public async Task An_idle_session_goes_at_once()
    {
        await CreateAsync();
        Assert.Equal(1, Entities.Count);
        await LetGoAsync();
        Assert.Equal(0, Entities.Count);
        BeginRow();
        Assert.Equal(2, (await DoAsync(Post())).Seq);
        Assert.Equal(1, Entities.Count);
    }

    [Fact]
    public async Task A_name_that_leads_to_no_session_asks_to_be_let_go()
    {
        Assert.Equal(ErrorCode.NotFound, await RejectedAsync(Send(Post())));
        Assert.IsType<SessionEntity.Stop>((await Life.ExpectMsgAsync<ShardOfOne.LetsGo>()).StopMessage);
        await GoneAsync();
        Assert.Equal(0, Entities.Count);
    }

    [Fact]
    public async Task A_name_that_has_become_a_session_does_not_ask_to_be_let_go()
    {
        Assert.Equal(ErrorCode.NotFound, await RejectedAsync(Send(Post())));
        await CreateAsync();
        Shard.Tell(ReceiveTimeout.Instance);
        Assert.Equal(2, (await DoAsync(Post())).Seq);
        await Life.ExpectNoMsgAsync(TimeSpan.Zero);
    }

    private sealed record OddCommand : SessionCommand;
}
