using System.Collections.Concurrent;
using Chat.Actors.Delivery;
using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Protocol;
using Chat.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.Sessions;

/// <summary>The session actor over a real SQLite journal: what is told, when, and what happens when an append goes wrong.</summary>
public sealed class SessionActorTests : IAsyncLifetime
{
    private static readonly SessionId Session = new("s1");

    private readonly string _folder = Path.Combine(Path.GetTempPath(), "chat-actor-" + Guid.NewGuid().ToString("N"));
    private readonly ManualTime _time = new();
    private readonly ConcurrentQueue<EncodedEvent> _published = [];
    private FaultyJournal _journal = null!;
    private SessionGateway _gateway = null!;
    private SessionActors _actors = null!;

    public async Task InitializeAsync()
    {
        Directory.CreateDirectory(_folder);
        var path = Path.Combine(_folder, "journal.db");
        await Migrations.ForSqlite(path, TimeProvider.System).UpAsync("journal");
        _journal = new FaultyJournal(SqliteJournal.Open(path, TimeProvider.System));
        _gateway = NewGateway();
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _journal.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_post_is_acknowledged_and_shown_only_after_it_is_durable()
    {
        await CreateAsync();
        var release = _journal.Hold();
        var post = _gateway.AskAsync(Session, Post()).AsTask();
        var read = _gateway.ReadAsync(Session).AsTask();
        await _gateway.AskAsync(new SessionId("another"), Post()); // A turn of the pool: the post has been decided by now, or will wait all the same.
        Assert.False(post.IsCompleted);
        Assert.Single(_published);
        release();
        Assert.Equal(2, Assert.IsType<Accepted>(await post).Seq);
        Assert.NotNull(await read);
        Assert.Equal([1L, 2L], _published.Select(e => e.Seq));
    }

    [Fact]
    public async Task A_refusal_that_rests_on_an_event_waits_for_that_event()
    {
        await CreateAsync();
        var release = _journal.Hold();
        var archive = _gateway.AskAsync(Session, new ArchiveSession { Caller = Kim }).AsTask();
        var post = _gateway.AskAsync(Session, Post()).AsTask();
        await _gateway.AskAsync(new SessionId("another"), Post());
        Assert.False(post.IsCompleted);
        release();
        Assert.IsType<Accepted>(await archive);
        Assert.Equal(ErrorCode.Archived, Assert.IsType<Rejected>(await post).Code);
    }

    [Fact]
    public async Task A_refusal_that_rested_on_a_lost_event_is_decided_again()
    {
        await CreateAsync();
        var release = _journal.Hold();
        _journal.Next = FaultyJournal.Fault.LostBefore;
        var archive = _gateway.AskAsync(Session, new ArchiveSession { Caller = Kim }).AsTask();
        var post = _gateway.AskAsync(Session, Post()).AsTask();
        release();
        Assert.IsType<Accepted>(await archive);
        Assert.Equal(ErrorCode.Archived, Assert.IsType<Rejected>(await post).Code);
    }

    [Fact]
    public async Task A_busy_session_commits_in_batches_and_in_order()
    {
        await CreateAsync();
        var release = _journal.Hold();
        var before = _journal.Appends;
        var posts = Enumerable.Range(0, 1000).Select(i => _gateway.AskAsync(Session, Post($"m{i}")).AsTask()).ToList();
        release();
        var seqs = (await Task.WhenAll(posts)).Select(reply => Assert.IsType<Accepted>(reply).Seq).ToList();
        Assert.Equal(Enumerable.Range(2, 1000).Select(i => (long)i), seqs);
        Assert.InRange(_journal.Appends - before, 1, 500);
        Assert.Equal(Enumerable.Range(1, 1001).Select(i => (long)i), _published.Select(e => e.Seq));
    }

    [Fact]
    public async Task Appends_whose_ends_are_told_in_the_other_order_are_answered_in_theirs()
    {
        await CreateAsync();
        var answer = _journal.WithholdNextAnswer();
        var first = _gateway.AskAsync(Session, Post("first")).AsTask();
        await WaitUntilAsync(() => _journal.Appends == 2);
        var second = _gateway.AskAsync(Session, Post("second")).AsTask();
        await WaitUntilAsync(() => _journal.Appends == 3);
        while ((await _journal.Inner.ReadHeadAsync("s1", default)) < 3)
        {
            await Task.Yield();
        }
        Assert.False(second.IsCompleted);
        answer();
        Assert.Equal(2, Assert.IsType<Accepted>(await first).Seq);
        Assert.Equal(3, Assert.IsType<Accepted>(await second).Seq);
        Assert.Equal([1L, 2L, 3L], _published.Select(e => e.Seq));
    }

    [Fact]
    public async Task An_append_that_was_stored_but_not_confirmed_is_not_stored_again()
    {
        await CreateAsync();
        _journal.Next = FaultyJournal.Fault.LostAfter;
        var first = Assert.IsType<Accepted>(await _gateway.AskAsync(Session, Post("once")));
        Assert.Equal(2, first.Seq);
        Assert.Equal(3, Assert.IsType<Accepted>(await _gateway.AskAsync(Session, Post("next"))).Seq);
        Assert.Equal(["once", "next"], await StoredAsync());
        Assert.Equal([1L, 2L, 3L], _published.Select(e => e.Seq));
    }

    [Fact]
    public async Task An_append_that_was_lost_is_decided_and_stored_again()
    {
        await CreateAsync();
        _journal.Next = FaultyJournal.Fault.LostBefore;
        Assert.Equal(2, Assert.IsType<Accepted>(await _gateway.AskAsync(Session, Post("once"))).Seq);
        Assert.Equal(["once"], await StoredAsync());
        Assert.Equal([1L, 2L], _published.Select(e => e.Seq));
    }

    [Fact]
    public async Task Two_nodes_that_both_think_they_are_home_write_one_history()
    {
        await using var other = NewGateway(publish: false);
        await CreateAsync();
        await other.ReadAsync(Session);
        var posts = Enumerable.Range(0, 300).Select(i => (i % 2 == 0 ? _gateway : other).AskAsync(Session, Post($"m{i}", clientId: $"c{i}")).AsTask());
        var accepted = (await Task.WhenAll(posts)).OfType<Accepted>().ToList();
        await _gateway.AskAsync(Session, Post("last"));
        var stored = await StoredAsync();
        Assert.Equal(stored.Count, stored.Distinct().Count());
        Assert.Equal(accepted.Count + 1, stored.Count);
        Assert.Equal(accepted.Count, accepted.Select(a => a.Seq).Distinct().Count());
        Assert.Equal(Enumerable.Range(1, _published.Count).Select(i => (long)i), _published.Select(e => e.Seq));
        Assert.Equal(stored.Count + 1, _published.Count);
    }

    [Fact]
    public async Task While_the_storage_is_down_sends_are_refused_and_nothing_is_lost_afterwards()
    {
        await CreateAsync();
        _journal.IsDown = true;
        Assert.Equal(ErrorCode.StorageUnavailable, Assert.IsType<Rejected>(await _gateway.AskAsync(Session, Post("lost"))).Code);
        await Assert.ThrowsAsync<JournalUnavailableException>(async () => await _gateway.ReadAsync(Session));
        _journal.IsDown = false;
        Assert.Equal(2, Assert.IsType<Accepted>(await _gateway.AskAsync(Session, Post("kept"))).Seq);
        Assert.Equal(["kept"], await StoredAsync());
    }

    [Fact]
    public async Task What_was_stored_before_an_outage_is_shown_when_the_storage_is_back_without_anyone_asking()
    {
        await CreateAsync();
        _journal.Next = FaultyJournal.Fault.LostAfter;
        var release = _journal.Hold();
        var post = _gateway.AskAsync(Session, Post("stored")).AsTask();
        await _gateway.AskAsync(new SessionId("another"), Post());
        release();
        // The append is stored but not confirmed, and reading the log fails as long as the storage is down.
        _ = await post;
        await WaitUntilAsync(() => _published.Count == 2);
    }

    [Fact]
    public async Task An_idle_session_leaves_memory_and_wakes_from_its_snapshot()
    {
        await CreateAsync();
        for (var i = 0; i < 25; i++)
        {
            await _gateway.AskAsync(Session, Post($"m{i}", clientId: $"c{i}"));
        }
        Assert.NotNull(await _journal.ReadSnapshotAsync("s1", long.MaxValue, default));
        await WaitUntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromMinutes(6));
            return _actors.Count().Loaded == 0;
        });
        var repeat = Assert.IsType<Accepted>(await _gateway.AskAsync(Session, Post("again", clientId: "c3")));
        Assert.True(repeat.Repeat);
        Assert.Equal(27, Assert.IsType<Accepted>(await _gateway.AskAsync(Session, Post("new"))).Seq);
    }

    [Fact]
    public async Task Sessions_that_do_not_exist_do_not_stay_in_memory()
    {
        for (var i = 0; i < 50; i++)
        {
            Assert.Null(await _gateway.ReadAsync(new SessionId($"guess{i}")));
        }
        await WaitUntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(6));
            return _actors.Count().Loaded == 0;
        });
    }

    [Fact]
    public async Task A_command_over_a_limit_does_not_reach_the_session()
    {
        await CreateAsync();
        Assert.Equal(ErrorCode.TooLong, Assert.IsType<Rejected>(await _gateway.AskAsync(Session, Post(new string('x', Limits.Content + 1)))).Code);
        Assert.Equal(ErrorCode.EmptyMessage, Assert.IsType<Rejected>(await _gateway.AskAsync(Session, Post(" \n\t"))).Code);
        Assert.Equal(ErrorCode.BadField, Assert.IsType<Rejected>(await _gateway.AskAsync(Session, Post("a\0b"))).Code);
        Assert.Equal(ErrorCode.BadField, Assert.IsType<Rejected>(await _gateway.AskAsync(Session, Post("a\ud800b"))).Code);
        Assert.IsType<Accepted>(await _gateway.AskAsync(Session, Post(string.Concat(Enumerable.Repeat("😀", Limits.Content)))));
    }

    private async Task CreateAsync() =>
        Assert.IsType<Accepted>(await _gateway.AskAsync(Session, Create(Session, Kim, null, new Member("lee", "Lee"))));

    private async Task<List<string>> StoredAsync() =>
        [.. (await _journal.ReadAsync("s1", 0, 10_000, default)).Select(e => e.Event).OfType<MessagePosted>().Select(m => m.Content)];

    private SessionGateway NewGateway(bool publish = true) => new(_actors = new SessionActors(new SessionServices
    {
        Journal = _journal,
        Time = _time,
        Publish = (_, events) =>
        {
            foreach (var e in publish ? events : [])
            {
                _published.Enqueue(e);
            }
        },
        FindMessage = (_, _) => new ValueTask<MessageFacts?>((MessageFacts?)null),
        SnapshotEvery = 20,
        Logger = NullLogger.Instance,
    }));

    /// <summary>Waits for what another thread is about to do.</summary>
    private static async Task WaitUntilAsync(Func<bool> condition)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            timeout.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
