using Akka.Actor;
using Akka.Persistence;
using Chat.Actors.AkkaEngine;
using Chat.Protocol;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.AkkaEngine;

/// <summary>How an entity comes to its state: from its log, its snapshot, or not at all for now.</summary>
public sealed class SessionEntityRecoveryTests() : EntityWorld(new WriteControl())
{
    [Fact]
    public async Task Without_a_snapshot_the_whole_log_is_read()
    {
        await CreateAsync();
        await PostManyAsync(10);
        await LetGoAsync();
        BeginRow();
        Assert.Equal(12, (await DoAsync(Post())).Seq);
        Assert.Equal(11, Control.Replayed);
    }

    [Fact]
    public async Task With_a_snapshot_only_what_came_after_it_is_read()
    {
        await CreateAsync();
        var sent = Post("sent once", clientId: "c1");
        var first = await DoAsync(sent);
        await PostOneByOneAsync(25);
        await SnapshotAsync(Session.Value);
        await LetGoAsync();
        BeginRow();
        var again = await DoAsync(sent with { MessageId = MessageId.New() });
        Assert.Equal((true, first.Seq, first.MessageId), (again.Repeat, again.Seq, again.MessageId));
        Assert.Equal(28, (await DoAsync(Post())).Seq);
        Assert.InRange(Control.Replayed, 0, 26);
    }

    [Fact]
    public async Task A_snapshot_that_cannot_be_read_is_passed_over_and_the_next_one_is_used()
    {
        await CreateAsync();
        await PostOneByOneAsync(10);
        await LetGoAsync();
        SnapshotStore.Tell(new SaveSnapshot(new SnapshotMetadata(Session.Value, 11, DateTime.UtcNow), new UnreadableSnapshot()), Life);
        await Life.ExpectMsgAsync<SaveSnapshotSuccess>();

        BeginRow();
        await NotDoneAsync(Send(Post()));
        await GoneAsync();
        Assert.Equal(0, Control.Replayed);

        BeginRow();
        Assert.Equal(12, (await DoAsync(Post())).Seq);
        Assert.Equal(11, Control.Replayed);

        await PostOneByOneAsync(25);
        await SnapshotAsync(Session.Value);
        await LetGoAsync();
        BeginRow();
        Assert.Equal(38, (await DoAsync(Post())).Seq);
        // Of the 37 events those after the snapshot alone.
        Assert.InRange(Control.Replayed, 11, 11 + 20);
    }

    [Fact]
    public async Task A_command_during_a_recovery_waits_for_it()
    {
        await CreateAsync();
        await LetGoAsync();
        var (reading, open) = (new TaskCompletionSource(), new TaskCompletionSource());
        Control.BeforeReplay = () =>
        {
            reading.TrySetResult();
            return open.Task;
        };
        BeginRow();
        var posts = new[] { Send(Post("a")), Send(Post("b")) };
        await reading.Task.WaitAsync(TimeSpan.FromSeconds(60));
        var third = Send(Post("c"));
        await NothingAsync();
        open.SetResult();
        Assert.Equal(2, (await AcceptedAsync(posts[0])).Seq);
        Assert.Equal(3, (await AcceptedAsync(posts[1])).Seq);
        Assert.Equal(4, (await AcceptedAsync(third)).Seq);
    }

    [Fact]
    public async Task A_session_that_is_let_go_during_its_recovery_goes_when_it_has_ended()
    {
        await CreateAsync();
        await LetGoAsync();
        var (reading, open) = (new TaskCompletionSource(), new TaskCompletionSource());
        Control.BeforeReplay = () =>
        {
            reading.TrySetResult();
            return open.Task;
        };
        BeginRow();
        var post = Send(Post("a"));
        await reading.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Shard.Tell(SessionEntity.Stop.Instance);
        open.SetResult();
        Assert.Equal(2, (await AcceptedAsync(post)).Seq);
        await GoneAsync();
    }

    [Fact]
    public async Task A_log_that_cannot_be_read_now_is_said_and_read_at_the_next_command()
    {
        await CreateAsync();
        await LetGoAsync();
        Control.FailNextReplay(new TimeoutException("the database is away"));
        BeginRow();
        await NotDoneAsync(Send(Post("a")), Send(Post("b")));
        await GoneAsync();
        Assert.Equal(0, Entities.Count);
        BeginRow();
        Assert.Equal(2, (await DoAsync(Post("c"))).Seq);
    }

    [Fact]
    public async Task An_event_that_this_version_cannot_read_leaves_the_session_alone()
    {
        await CreateAsync();
        await LetGoAsync();
        Control.FailNextReplay(new EventFormatException("This version cannot read events of 'from-the-future/9'"));
        BeginRow();
        await NotDoneAsync(Send(Post("a")));
        await GoneAsync();
        Assert.Single(Published);
    }

    private IActorRef SnapshotStore => Akka.Persistence.Persistence.Instance.Apply(Sys).SnapshotStoreFor(null!);

    /// <summary>Each in a write of its own, as snapshots are counted at the end of one.</summary>
    private async Task PostOneByOneAsync(int count)
    {
        for (var n = 0; n < count; n++)
        {
            await DoAsync(Post($"m{n}"));
        }
    }

    /// <summary>Returns when the store has a snapshot of this version.</summary>
    private async Task SnapshotAsync(string session)
    {
        var probe = CreateTestProbe();
        await AwaitAssertAsync(async () =>
        {
            SnapshotStore.Tell(new LoadSnapshot(session, SnapshotSelectionCriteria.Latest, long.MaxValue), probe.Ref);
            Assert.IsType<Chat.Actors.Sessions.SessionSnapshot>((await probe.ExpectMsgAsync<LoadSnapshotResult>()).Snapshot?.Snapshot);
        }, TimeSpan.FromSeconds(60));
    }
}
