using Chat.Actors.Sessions;
using Chat.Protocol;
using Chat.Tests.Support;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.Sessions;

/// <summary>A command that two nodes were asked for, which comes a second time when others have come in between.</summary>
public sealed class DoneCommandsTests
{
    private static readonly EventCodec Codec = new();

    [Fact]
    public void An_edit_that_comes_again_does_not_undo_a_later_one()
    {
        var state = NewSession();
        var post = Post();
        state.Accept(post);
        var first = new EditMessage { Caller = Kim, MessageId = post.MessageId, Content = "first", CommandId = "1" };
        var reply = state.Accept(first);
        state.Accept(first with { Content = "second", CommandId = "2" });
        Repeated(state, first, reply);
    }

    [Fact]
    public void An_addition_that_comes_again_does_not_bring_back_who_was_removed()
    {
        var state = NewSession();
        var add = new AddMember { Caller = Kim, Member = new Member("park", "Park"), CommandId = "1" };
        var reply = state.Accept(add);
        state.Accept(new RemoveMember { Caller = Kim, UserId = "park", CommandId = "2" });
        Repeated(state, add, reply);
        Assert.False(state.Members.ContainsKey("park"));
    }

    [Fact]
    public void A_message_that_comes_again_is_known_however_many_have_followed_within_the_window()
    {
        var state = NewSession(agent: 1);
        var post = Post() with { CommandId = "1" };
        var reply = state.Accept(post);
        state.Accept(new StopRun { Caller = Kim });
        for (var i = 0; i < DoneCommands.Capacity - 1; i++)
        {
            state.Accept(new UpdateSession { Caller = Kim, Title = $"{i}", CommandId = $"t{i}" });
        }
        Repeated(state, post, reply);
        state.Accept(new UpdateSession { Caller = Kim, Title = "one more", CommandId = "more" });
        Assert.Equal(DoneCommands.Capacity, state.Done.All.Count());
        Assert.DoesNotContain(state.Done.All, done => done.CommandId == "1");
    }

    [Fact]
    public void An_outside_agents_chunk_and_the_claim_of_a_run_are_done_once()
    {
        var bot = new Caller("lee", "Lee", IsAgent: true);
        var state = NewSession();
        var start = new StartStream { Caller = bot, MessageId = MessageId.New(), CommandId = "1" };
        state.Accept(start);
        var chunk = new AppendChunk { Caller = bot, MessageId = start.MessageId, Content = "word ", CommandId = "2" };
        var reply = state.Accept(chunk);
        Repeated(state, chunk, reply);
        var claim = new ClaimRun { Caller = Caller.Server, MessageId = start.MessageId, Node = "a", CommandId = "3" };
        var claimed = state.Accept(claim);
        Assert.Equal(2, claimed.Epoch);
        Repeated(state, claim, claimed);
        var end = new EndStream { Caller = Caller.Server, MessageId = start.MessageId, Status = StreamStatus.Interrupted, Epoch = 2, CommandId = "4" };
        Assert.Equal(StreamStatus.Interrupted, Repeated(state, end, state.Accept(end)).Status);
    }

    [Fact]
    public void A_waiting_answer_that_is_stopped_twice_is_stopped_once()
    {
        var state = NewSession(agent: 1);
        state.Accept(Post());
        var stop = new StopRun { Caller = Kim, CommandId = "1" };
        Repeated(state, stop, state.Accept(stop));
    }

    [Fact]
    public void The_window_is_in_the_snapshot_and_the_ids_are_in_the_log()
    {
        var state = NewSession();
        var update = new UpdateSession { Caller = Kim, Title = "t", CommandId = "id-1" };
        var reply = state.Accept(update);
        var restored = SessionState.FromSnapshot(SessionSnapshot.FromBytes(state.ToSnapshot().ToBytes()));
        Repeated(restored, update, reply);

        var (manifest, payload) = Codec.Encode(NewSession().Decide(update, Noon).Events[0]);
        Assert.Equal("id-1", Codec.Decode(manifest, payload).CommandId);
        (_, payload) = Codec.Encode(NewSession().Decide(update with { CommandId = null }, Noon).Events[0]);
        Assert.DoesNotContain("command_id", System.Text.Encoding.UTF8.GetString(payload), StringComparison.Ordinal);
    }

    private static Accepted Repeated(SessionState state, SessionCommand command, Accepted first)
    {
        var head = state.Head;
        var again = state.Accept(command, Noon.AddMinutes(1));
        Assert.Equal(first, again);
        Assert.Equal(head, state.Head);
        return again;
    }
}
