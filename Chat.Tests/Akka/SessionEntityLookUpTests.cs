using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Protocol;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.AkkaEngine;

/// <summary>Commands about messages that the session no longer holds: the history is asked, and what comes behind waits.</summary>
public sealed class SessionEntityLookUpTests() : EntityWorld(new WriteControl())
{
    private readonly TaskCompletionSource<MessageFacts?> _facts = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<MessageId> _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task An_older_message_is_looked_up_and_commands_behind_it_wait()
    {
        var old = await BeginAsync();
        var (edit, post) = (Send(Edit(old)), Send(Post("behind it")));
        Assert.Equal(old, await AskedAsync());
        await NothingAsync();
        _facts.SetResult(new MessageFacts(old, "kim", IsDeleted: false, Status: null));
        var head = (await AcceptedAsync(edit)).Seq;
        Assert.Equal(head + 1, (await AcceptedAsync(post)).Seq);
    }

    [Fact]
    public async Task What_was_found_decides()
    {
        var old = await BeginAsync();
        var edit = Send(Edit(old));
        await AskedAsync();
        _facts.SetResult(new MessageFacts(old, "lee", IsDeleted: false, Status: null));
        Assert.Equal(ErrorCode.Forbidden, await RejectedAsync(edit));
    }

    [Fact]
    public async Task What_is_nowhere_is_not_found()
    {
        await BeginAsync();
        var edit = Send(Edit(new MessageId("msg_none")));
        await AskedAsync();
        _facts.SetResult(null);
        Assert.Equal(ErrorCode.NotFound, await RejectedAsync(edit));
    }

    [Fact]
    public async Task It_is_looked_up_only_when_what_was_decided_before_it_is_in_the_log()
    {
        var old = await BeginAsync();
        Control.IsByHand = true;
        var first = Send(Post("first"));
        var write = await Control.WriteAsync(0);
        var (second, edit) = (Send(Post("second")), Send(Edit(old)));
        write.Finish();
        await AcceptedAsync(first);
        write = await Control.WriteAsync(1);
        Assert.Single(write.Events);
        Assert.False(_asked.Task.IsCompleted);
        write.Finish();
        await AcceptedAsync(second);
        Assert.Equal(old, await AskedAsync());
        _facts.SetResult(new MessageFacts(old, "kim", IsDeleted: false, Status: null));
        (await Control.WriteAsync(2)).Finish();
        await AcceptedAsync(edit);
    }

    [Fact]
    public async Task A_history_that_cannot_be_asked_is_said_and_the_rest_goes_on()
    {
        var old = await BeginAsync();
        var (edit, post) = (Send(Edit(old)), Send(Post("behind it")));
        await AskedAsync();
        _facts.SetException(new JournalUnavailableException("down"));
        Assert.Equal(ErrorCode.StorageUnavailable, await RejectedAsync(edit));
        await AcceptedAsync(post);
    }

    [Fact]
    public async Task A_fault_of_the_history_is_that_commands_alone()
    {
        var old = await BeginAsync();
        var (edit, post) = (Send(Edit(old)), Send(Post("behind it")));
        await AskedAsync();
        _facts.SetException(new InvalidOperationException("no such column"));
        Assert.Equal("no such column", (await AnswerAsync(edit)).Fault);
        await AcceptedAsync(post);
    }

    [Fact]
    public async Task A_history_that_fails_before_it_begins_is_a_fault_like_any_other()
    {
        var old = await BeginAsync();
        FindMessage = _ => throw new InvalidOperationException("no pool");
        var (edit, post) = (Send(Edit(old)), Send(Post("behind it")));
        Assert.Equal("no pool", (await AnswerAsync(edit)).Fault);
        await AcceptedAsync(post);
        Assert.Single(Recovered);
    }

    [Fact]
    public async Task A_session_that_is_let_go_during_a_look_up_finishes_that_command_and_refuses_what_waits()
    {
        var old = await BeginAsync();
        var (edit, post) = (Send(Edit(old)), Send(Post("behind it")));
        await AskedAsync();
        await StopAsync();
        _facts.SetResult(new MessageFacts(old, "kim", IsDeleted: false, Status: null));
        await AcceptedAsync(edit);
        await NotDoneAsync(post);
        await GoneAsync();
    }

    [Fact]
    public async Task What_was_looked_up_for_too_long_is_refused_with_all_behind_it()
    {
        var old = await BeginAsync();
        var edit = Send(Edit(old));
        await AskedAsync();
        Time.Advance(1500);
        var post = Send(Post("behind it"));
        await TakenAsync();
        Time.Advance(1000);
        _facts.SetResult(new MessageFacts(old, "kim", IsDeleted: false, Status: null));
        await NotDoneAsync(edit);
        await NotDoneAsync(post);
    }

    [Fact]
    public async Task A_stranger_has_nothing_looked_up()
    {
        var old = await BeginAsync();
        Assert.Equal(ErrorCode.NotFound, await RejectedAsync(Send(Edit(old, Stranger))));
        Assert.False(_asked.Task.IsCompleted);
    }

    private static EditMessage Edit(MessageId message, Caller? by = null) => new() { Caller = by ?? Kim, MessageId = message, Content = "edited" };

    /// <summary>A session that no longer knows its first message, which is answered.</summary>
    private async Task<MessageId> BeginAsync()
    {
        await CreateAsync();
        var posts = await PostManyAsync(RecentMessages.Capacity + 5);
        FindMessage = message =>
        {
            _asked.TrySetResult(message);
            return new ValueTask<MessageFacts?>(_facts.Task);
        };
        return posts[0];
    }

    private Task<MessageId> AskedAsync() => _asked.Task.WaitAsync(TimeSpan.FromSeconds(60));
}
