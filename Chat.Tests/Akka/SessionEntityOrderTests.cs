using Akka.Actor;
using Chat.Actors.AkkaEngine;
using Chat.Protocol;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.AkkaEngine;

/// <summary>What a session does of what its askers send: once, in their order, and not too late.</summary>
public sealed class SessionEntityOrderTests() : EntityWorld(new WriteControl())
{
    [Fact]
    public async Task A_command_that_comes_twice_is_done_once()
    {
        await CreateAsync();
        var command = Post("once") with { CommandId = "c1" };
        Assert.Equal(2, (await DoAsync(command)).Seq);
        BeginRow();
        var again = await DoAsync(command);
        Assert.Equal((2, command.MessageId), (again.Seq, again.MessageId));
        AssertPublished(1, 2);
    }

    [Fact]
    public async Task A_command_that_comes_twice_for_one_write_is_in_it_once()
    {
        await CreateAsync();
        Control.IsByHand = true;
        var first = Send(Post("first"));
        var write = await Control.WriteAsync(0);
        var command = Post("once") with { CommandId = "c1" };
        var one = Send(command);
        BeginRow();
        var two = Send(command);
        await TakenAsync();
        write.Finish();
        await AcceptedAsync(first);
        write = await Control.WriteAsync(1);
        Assert.Single(write.Events);
        await NothingAsync();
        write.Finish();
        Assert.Equal(3, (await AcceptedAsync(one)).Seq);
        Assert.Equal(3, (await AcceptedAsync(two)).Seq);
    }

    [Fact]
    public async Task After_a_hole_nothing_of_the_row_is_done_and_a_new_row_is()
    {
        await CreateAsync();
        Place++;
        await NotDoneAsync(Send(Post("after the hole")), Send(Post("behind it")));
        BeginRow();
        Assert.Equal(2, (await DoAsync(Post("new row"))).Seq);
    }

    [Fact]
    public async Task What_comes_of_an_older_row_is_passed_over()
    {
        await CreateAsync();
        BeginRow();
        Assert.Equal(2, (await DoAsync(Post("of the new row"))).Seq);
        Send(1, 1, Post("of the old row"));
        Assert.Equal(3, (await DoAsync(Post("next"))).Seq);
    }

    [Fact]
    public async Task What_this_version_cannot_read_is_refused_with_all_behind_it()
    {
        await CreateAsync();
        await NotDoneAsync(Send(command: null), Send(Post("behind it")));
        BeginRow();
        Assert.Equal(2, (await DoAsync(Post())).Seq);
    }

    [Fact]
    public async Task What_was_on_its_way_for_too_long_is_refused_with_all_behind_it()
    {
        await CreateAsync();
        var held = Time.GetUtcNow();
        Time.Advance(3000);
        Shard.Tell(new SessionAsk(Session, "node-1", Row, Place++, held, 100, "", Post("late")), TestActor);
        await NotDoneAsync(100);
        await NotDoneAsync(Send(Post("behind it")));
        BeginRow();
        Assert.Equal(2, (await DoAsync(Post())).Seq);
    }

    [Fact]
    public async Task Rows_of_two_askers_have_nothing_to_do_with_each_other()
    {
        await CreateAsync();
        await NotDoneAsync(Send(1, 5, Post("hole"), "node-2"));
        Assert.Equal(2, (await DoAsync(Post())).Seq);
        Assert.Equal(3, (await AcceptedAsync(Send(2, 0, Post(), "node-2"))).Seq);
    }

    [Fact]
    public async Task What_waited_for_too_long_is_refused()
    {
        await CreateAsync();
        Control.IsByHand = true;
        var first = Send(Post("first"));
        var write = await Control.WriteAsync(0);
        var waiting = Send(Post("waits"));
        await TakenAsync();
        Time.Advance(3000);
        write.Finish();
        await AcceptedAsync(first);
        await NotDoneAsync(waiting);
    }

    /// <summary>Its asker sends it again, with all that came after it: what came after it must not be done before it.</summary>
    [Fact]
    public async Task Where_one_command_waited_for_too_long_those_behind_it_are_refused_too()
    {
        await CreateAsync();
        Control.IsByHand = true;
        var first = Send(Post("first"));
        var write = await Control.WriteAsync(0);
        var a = Post("a") with { CommandId = "a" };
        var b = Post("b") with { CommandId = "b" };
        var waited = Send(a);
        await TakenAsync();
        Time.Advance(1500);
        var behind = Send(b);
        await TakenAsync();
        Time.Advance(1000);
        var other = Send(1, 0, Post("another's"), "node-2");
        await TakenAsync();
        Control.IsByHand = false;
        write.Finish();
        await AcceptedAsync(first);
        await NotDoneAsync(waited);
        await NotDoneAsync(behind);
        Assert.Equal(3, (await AcceptedAsync(other)).Seq);

        await NotDoneAsync(Send(Post("c")));
        BeginRow();
        Assert.Equal(4, (await DoAsync(a)).Seq);
        Assert.Equal(5, (await DoAsync(b)).Seq);
    }
}
