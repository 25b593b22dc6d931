using System.Collections.Concurrent;
using Chat.Actors.Delivery;
using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Protocol;
using Chat.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.Sessions;

/// <summary>The session actor over a journal that is played by hand: answers out of order, late commits, faults in the middle of a recovery.</summary>
public sealed class SessionRecoveryTests : IAsyncLifetime
{
    private static readonly SessionId Session = new("s1");

    private readonly ManualTime _time = new();
    private readonly HandJournal _journal = new();
    private readonly ConcurrentQueue<EncodedEvent> _published = [];
    private readonly SessionActors _actors;
    private readonly SessionGateway _gateway;
    private Func<MessageId, MessageFacts?> _history = _ => null;

    public SessionRecoveryTests() => _gateway = new SessionGateway(_actors = NewActors(_published.Enqueue));

    public async Task InitializeAsync()
    {
        Assert.IsType<Accepted>(await _gateway.AskAsync(Session, Create(Session, Kim, null, new Member("lee", "Lee"))));
        _journal.IsByHand = true;
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));

    [Fact]
    public async Task Two_appends_whose_answers_come_in_the_other_order_are_both_told()
    {
        var first = AskAsync(Post("a"));
        var one = await _journal.AppendAsync(0);
        var second = AskAsync(Post("b"));
        var two = await _journal.AppendAsync(1);
        Assert.True(one.Store() && two.Store());

        two.Say(AppendResult.Committed);
        one.Say(AppendResult.Committed);

        Assert.Equal(2, Assert.IsType<Accepted>(await first).Seq);
        Assert.Equal(3, Assert.IsType<Accepted>(await second).Seq);
        Assert.Equal([1L, 2L, 3L], _published.Select(e => e.Seq));
        var third = AskAsync(Post("c"));
        (await _journal.AppendAsync(2)).Commit();
        Assert.Equal(4, Assert.IsType<Accepted>(await third).Seq);
    }

    [Fact]
    public async Task A_command_of_another_node_is_not_decided_again_when_it_is_late_and_one_that_came_back_from_there_is()
    {
        var another = _actors.ActForAsync(new AskingNode("n", 1), Session, Post("another") with { CommandId = "c" });
        var append = await _journal.AppendAsync(0);
        _time.Advance(TimeSpan.FromSeconds(2));
        append.TimeOut();
        Assert.Equal(ErrorCode.StorageUnavailable, Assert.IsType<Rejected>(await another).Code);

        var back = AskAsync(Post("back") with { CommandId = "d" });
        append = await _journal.AppendAsync(1);
        _time.Advance(TimeSpan.FromSeconds(2));
        append.TimeOut();
        (await _journal.AppendAsync(2)).Commit();
        Assert.Equal(2, Assert.IsType<Accepted>(await back).Seq);
        Assert.Equal(["back"], Stored());

        // There the other node may have found nothing to change, which leaves no trace.
        var title = AskAsync(new UpdateSession { Caller = Kim, Title = "t", CommandId = "e" });
        append = await _journal.AppendAsync(3);
        _time.Advance(TimeSpan.FromSeconds(2));
        append.TimeOut();
        Assert.Equal(ErrorCode.StorageUnavailable, Assert.IsType<Rejected>(await title).Code);
    }

    [Fact]
    public async Task What_follows_a_late_command_of_another_node_is_left_to_that_node_too()
    {
        var late = _actors.ActForAsync(new AskingNode("n", 7), Session, Post("late") with { CommandId = "c" });
        var append = await _journal.AppendAsync(0);
        _time.Advance(TimeSpan.FromSeconds(0.8));
        var next = _actors.ActForAsync(new AskingNode("n", 7), Session, Post("next") with { CommandId = "d" });
        var other = _actors.ActForAsync(new AskingNode("o", 1), Session, Post("other") with { CommandId = "e" });
        var behind = await _journal.AppendAsync(1);
        _time.Advance(TimeSpan.FromSeconds(0.8));
        append.TimeOut();
        behind.Commit();
        Assert.IsType<Rejected>(await late);
        Assert.IsType<Rejected>(await next);

        (await _journal.AppendAsync(2)).Commit();
        Assert.IsType<Accepted>(await other);
        var again = _actors.ActForAsync(new AskingNode("n", 8), Session, Post("again") with { CommandId = "f" });
        (await _journal.AppendAsync(3)).Commit();
        Assert.IsType<Accepted>(await again);
        Assert.Equal(["other", "again"], Stored());
    }

    [Fact]
    public async Task A_command_that_came_back_late_is_refused_where_the_other_node_may_have_done_it_before_what_is_remembered()
    {
        _journal.IsByHand = false;
        for (var i = 0; i < DoneCommands.Capacity; i++)
        {
            Assert.IsType<Accepted>(await AskAsync(new UpdateSession { Caller = Kim, Title = $"{i}", CommandId = $"{i}" }));
        }
        _journal.IsByHand = true;

        var late = AskAsync(Post("too late") with { CommandId = "c" });
        var append = await _journal.AppendAsync(0);
        _time.Advance(TimeSpan.FromSeconds(2));
        append.TimeOut();
        Assert.Equal(ErrorCode.StorageUnavailable, Assert.IsType<Rejected>(await late).Code);

        _time.Advance(TimeSpan.FromMinutes(2));
        late = AskAsync(Post("remembered") with { CommandId = "d" });
        append = await _journal.AppendAsync(1);
        _time.Advance(TimeSpan.FromSeconds(2));
        append.TimeOut();
        (await _journal.AppendAsync(2)).Commit();
        Assert.IsType<Accepted>(await late);
        Assert.Equal(["remembered"], Stored());
    }

    [Fact]
    public async Task An_append_that_is_committed_after_it_was_given_up_is_not_stored_twice()
    {
        var post = AskAsync(Post("a"));
        var given = await _journal.AppendAsync(0);
        given.TimeOut();

        // The log was read without it, and it is decided again; only now the commit that had hung comes through.
        var again = await _journal.AppendAsync(1);
        Assert.True(given.Store());
        _journal.IsByHand = false;
        again.Commit();

        Assert.Equal(2, Assert.IsType<Accepted>(await post).Seq);
        Assert.Equal(3, Assert.IsType<Accepted>(await AskAsync(Post("b"))).Seq);
        Assert.Equal(["a", "b"], Stored());
        Assert.Equal([1L, 2L, 3L], _published.Select(e => e.Seq));
    }

    [Fact]
    public async Task An_append_that_timed_out_twice_is_found_by_its_first_try()
    {
        var post = AskAsync(Post("a"));
        var first = await _journal.AppendAsync(0);
        first.TimeOut();
        var second = await _journal.AppendAsync(1);
        second.TimeOut();
        var third = await _journal.AppendAsync(2);
        Assert.True(first.Store());
        third.Commit();

        Assert.Equal(2, Assert.IsType<Accepted>(await post).Seq);
        Assert.Equal(["a"], Stored());
    }

    [Fact]
    public async Task A_fault_in_an_append_is_told_to_those_who_wait_on_it_and_the_session_lives_on()
    {
        var post = AskAsync(Post("a"));
        (await _journal.AppendAsync(0)).Fail(new InvalidOperationException("a bug"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => post);

        var next = AskAsync(Post("b"));
        (await _journal.AppendAsync(1)).Commit();
        Assert.Equal(2, Assert.IsType<Accepted>(await next).Seq);
        Assert.Equal(["b"], Stored());
    }

    [Fact]
    public async Task A_recovery_that_fails_tells_everyone_who_waited()
    {
        var first = AskAsync(Post("a"));
        var one = await _journal.AppendAsync(0);
        var second = AskAsync(Post("b"));
        await _journal.AppendAsync(1).ContinueWith(two => two.Result.TimeOut());
        var bug = new NotSupportedException("a bug");
        _journal.BeforeRecovery = () => throw bug;
        one.TimeOut();

        Assert.Same(bug, await Assert.ThrowsAsync<NotSupportedException>(() => first));
        Assert.Same(bug, await Assert.ThrowsAsync<NotSupportedException>(() => second));

        _journal.BeforeRecovery = () => Task.CompletedTask;
        _journal.IsByHand = false;
        Assert.Equal(2, Assert.IsType<Accepted>(await AskAsync(Post("c"))).Seq);
    }

    [Fact]
    public async Task A_storage_that_goes_away_while_an_older_message_is_looked_up_refuses_and_breaks_nothing()
    {
        var post = AskAsync(Post("a"));
        var append = await _journal.AppendAsync(0);
        var edit = AskAsync(new EditMessage { Caller = Kim, MessageId = new MessageId("msg_old"), Content = "b" });
        var read = _gateway.ReadAsync(Session).AsTask();
        _journal.BeforeRecovery = () => throw new JournalUnavailableException("down");
        append.TimeOut();

        Assert.Equal(ErrorCode.StorageUnavailable, Assert.IsType<Rejected>(await post).Code);
        Assert.Equal(ErrorCode.StorageUnavailable, Assert.IsType<Rejected>(await edit).Code);
        await Assert.ThrowsAsync<JournalUnavailableException>(() => read);
    }

    [Fact]
    public async Task A_fault_of_the_history_is_told_to_the_one_who_asked_and_to_nobody_else()
    {
        _history = _ => throw new InvalidOperationException("a bug");
        var post = AskAsync(Post("a"));
        var append = await _journal.AppendAsync(0);
        var edit = AskAsync(new EditMessage { Caller = Kim, MessageId = new MessageId("msg_old"), Content = "b" });
        var other = AskAsync(Post("c"));
        append.Commit();

        await Assert.ThrowsAsync<InvalidOperationException>(() => edit);
        (await _journal.AppendAsync(1)).Commit();
        Assert.Equal(2, Assert.IsType<Accepted>(await post).Seq);
        Assert.Equal(3, Assert.IsType<Accepted>(await other).Seq);
    }

    [Fact]
    public async Task While_the_storage_is_away_a_group_of_commands_asks_it_once()
    {
        await using var gateway = NewGateway(_ => { });
        var (entered, answer) = (NewSource(), NewSource());
        var asked = 0;
        _journal.BeforeRecovery = async () =>
        {
            asked++;
            entered.TrySetResult();
            await answer.Task;
            throw new JournalUnavailableException("down");
        };
        var first = gateway.AskAsync(Session, Post()).AsTask();
        await entered.Task;
        var others = Enumerable.Range(0, 9).Select(_ => gateway.AskAsync(Session, Post()).AsTask()).ToList();
        answer.SetResult();

        foreach (var reply in await Task.WhenAll([first, .. others]))
        {
            Assert.Equal(ErrorCode.StorageUnavailable, Assert.IsType<Rejected>(reply).Code);
        }
        Assert.Equal(2, asked);
    }

    [Fact]
    public async Task A_snapshot_that_cannot_be_read_costs_time_and_nothing_else()
    {
        _journal.SetSnapshot(new StoredSnapshot("s1", 1, Noon, SessionSnapshot.Manifest, "{ broken"u8.ToArray()));
        await using var gateway = NewGateway(_ => { });
        Assert.Equal(1, (await gateway.ReadAsync(Session))!.Head);
    }

    [Fact]
    public async Task Snapshots_that_are_due_at_once_are_kept_one_after_the_other()
    {
        _journal.IsByHand = false;
        var (begun, kept) = (0, NewSource());
        _journal.BeforeSnapshot = () =>
        {
            Interlocked.Increment(ref begun);
            return kept.Task;
        };
        SessionId[] sessions = [new("s2"), new("s3")];
        foreach (var session in sessions)
        {
            await _gateway.AskAsync(session, Create(session, Kim, null));
            for (var i = 0; i < 25; i++)
            {
                Assert.IsType<Accepted>(await _gateway.AskAsync(session, Post($"m{i}")));
            }
        }

        await Eventually.TrueAsync(() => Volatile.Read(ref begun) > 0);
        await Task.Delay(100);
        Assert.Equal(1, Volatile.Read(ref begun));
        kept.SetResult();

        foreach (var session in sessions)
        {
            await Eventually.TrueAsync(async () => await _journal.ReadSnapshotAsync(session.Value, long.MaxValue, default) is not null);
        }
    }

    [Fact]
    public async Task What_another_node_stored_up_to_its_snapshot_is_shown_here_without_a_hole()
    {
        _journal.IsByHand = false;
        await using var other = NewGateway(_ => { });
        for (var i = 0; i < 25; i++)
        {
            Assert.IsType<Accepted>(await other.AskAsync(Session, Post($"m{i}")));
        }
        // Written beside the session's turn.
        await Eventually.TrueAsync(async () => await _journal.ReadSnapshotAsync("s1", long.MaxValue, default) is not null);

        Assert.IsType<Accepted>(await AskAsync(Post("here")));

        Assert.Equal(Enumerable.Range(1, 27).Select(i => (long)i), _published.Select(e => e.Seq));
        // The first event is not shown on the native face.
        Assert.Equal([0, 0, .. Enumerable.Range(2, 25).Select(i => (long)i)], _published.Select(e => e.Previous));
    }

    [Fact]
    public async Task A_node_that_others_have_overtaken_reads_on_from_where_it_is()
    {
        var (published, snapshotsRead) = (new ConcurrentQueue<EncodedEvent>(), 0);
        await using var gateway = NewGateway(published.Enqueue, isShared: true);
        Assert.Equal(1, (await gateway.ReadAsync(Session))!.Head);
        _journal.BeforeRecovery = () =>
        {
            snapshotsRead++;
            return Task.CompletedTask;
        };

        _journal.Add("s1", Events.Posted(700));
        Assert.Equal(701, (await gateway.ReadAsync(Session))!.Head);
        _journal.Add("s1", Events.Posted(1));
        Assert.Equal(702, (await gateway.ReadAsync(Session))!.Head);

        Assert.Equal(0, snapshotsRead);
        Assert.Equal(Enumerable.Range(2, 701).Select(i => (long)i), published.Select(e => e.Seq));
        Assert.Equal([0, .. Enumerable.Range(2, 700).Select(i => (long)i)], published.Select(e => e.Previous));
    }

    [Fact]
    public async Task A_log_that_cannot_be_read_to_its_end_is_read_again_and_shown_once()
    {
        var (published, pages, failing) = (new ConcurrentQueue<EncodedEvent>(), 0, true);
        await using var gateway = NewGateway(published.Enqueue, isShared: true);
        Assert.Equal(1, (await gateway.ReadAsync(Session))!.Head);
        _journal.Add("s1", Events.Posted(700));
        _journal.AfterRead = () =>
        {
            if (++pages % 2 == 0 && failing)
            {
                throw new JournalUnavailableException("cut off");
            }
        };

        await Assert.ThrowsAsync<JournalUnavailableException>(async () => await gateway.ReadAsync(Session));
        Assert.Empty(published);
        failing = false;

        Assert.Equal(701, (await gateway.ReadAsync(Session))!.Head);
        Assert.Equal(Enumerable.Range(2, 700).Select(i => (long)i), published.Select(e => e.Seq));
    }

    [Fact]
    public async Task A_state_that_is_whole_outlives_a_storage_that_is_away()
    {
        var snapshotsRead = 0;
        await using var gateway = NewGateway(_ => { }, isShared: true);
        Assert.Equal(1, (await gateway.ReadAsync(Session))!.Head);
        _journal.BeforeRecovery = () =>
        {
            snapshotsRead++;
            return Task.CompletedTask;
        };
        _journal.AfterRead = () => throw new JournalUnavailableException("away");
        await Assert.ThrowsAsync<JournalUnavailableException>(async () => await gateway.ReadAsync(Session));
        _journal.AfterRead = () => { };

        Assert.Equal(1, (await gateway.ReadAsync(Session))!.Head);
        Assert.Equal(0, snapshotsRead);
    }

    private Task<Reply> AskAsync(SessionCommand command) => _gateway.AskAsync(Session, command).AsTask().WaitAsync(TimeSpan.FromSeconds(30));

    private List<string> Stored() => [.. _journal.Log("s1").Select(e => e.Event).OfType<MessagePosted>().Select(m => m.Content)];

    private SessionGateway NewGateway(Action<EncodedEvent> publish, bool isShared = false) => new(NewActors(publish, isShared));

    private SessionActors NewActors(Action<EncodedEvent> publish, bool isShared = false) => new(new SessionServices
    {
        Journal = _journal,
        Time = _time,
        Publish = (_, events) =>
        {
            foreach (var e in events)
            {
                publish(e);
            }
        },
        FindMessage = (_, id) => new ValueTask<MessageFacts?>(_history(id)),
        SnapshotEvery = 20,
        IsShared = isShared,
        Logger = NullLogger.Instance,
    });

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
