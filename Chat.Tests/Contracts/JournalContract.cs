using Chat.Actors.Persistence;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Contracts;

/// <summary>What every journal promises. Each test has a database of its own.</summary>
public abstract class JournalContract : IAsyncLifetime
{
    private static readonly EventCodec Codec = new();

    private readonly List<IJournal> opened = [];

    protected static CancellationToken None => CancellationToken.None;

    /// <summary>Hangs fail as time-outs.</summary>
    protected static TimeSpan Patience { get; } = TimeSpan.FromSeconds(60);

    public abstract Task InitializeAsync();

    public virtual async Task DisposeAsync()
    {
        foreach (var journal in opened)
        {
            await journal.DisposeAsync();
        }
    }

    [ContractFact]
    public async Task Events_read_back_as_they_were_appended()
    {
        var journal = Open();
        var chain = new AppendChain("sess_a");
        SessionEvent[] events =
        [
            new SessionCreated { At = Events.At, SessionId = new SessionId("sess_a"), TraceId = "t", UserId = "u", UserName = "미나", Metadata = """{"b":[1,2],"a":"é😀"}""" },
            Events.Posted("안녕하세요 😀 \u2028 \"quoted\""),
        ];

        Assert.Equal(AppendResult.Committed, await journal.AppendAsync(chain, 0, events));
        Assert.Equal(AppendResult.Committed, await journal.AppendAsync(chain, 2, [Events.Posted("third")]));

        var stored = await journal.ReadAsync("sess_a", 0, 10, None);
        Assert.Equal([1, 2, 3], stored.Select(e => e.Seq));
        Assert.All(stored, e => Assert.Equal(("sess_a", chain.WriterId), (e.Log, e.WriterId)));
        Assert.Equal(Codec.Encode(events[0]).Payload, Codec.Encode(stored[0].Event!).Payload);
        Assert.Equal(events[1], stored[1].Event);
        Assert.Equal(3, await journal.ReadHeadAsync("sess_a", None));
    }

    [ContractFact]
    public async Task A_log_is_read_after_a_seq_and_up_to_a_limit()
    {
        var journal = Open();
        await journal.AppendAsync(new AppendChain("sess_a"), 0, Events.Posted(10));
        await journal.AppendAsync(new AppendChain("sess_ab"), 0, Events.Posted(3));

        Assert.Equal([5, 6, 7], (await journal.ReadAsync("sess_a", 4, 3, None)).Select(e => e.Seq));
        Assert.Equal([10], (await journal.ReadAsync("sess_a", 9, 3, None)).Select(e => e.Seq));
        Assert.Empty(await journal.ReadAsync("sess_a", 10, 3, None));
        Assert.Empty(await journal.ReadAsync("sess_none", 0, 3, None));
        Assert.Equal(0, await journal.ReadHeadAsync("sess_none", None));
        Assert.Equal([3, 0, 10], await journal.ReadHeadsAsync(["sess_ab", "sess_none", "sess_a"], None));
    }

    [ContractFact]
    public async Task An_append_that_does_not_follow_the_head_is_a_conflict_and_stores_nothing()
    {
        var journal = Open();
        await journal.AppendAsync(new AppendChain("sess_a"), 0, Events.Posted(3));

        foreach (var expected in new long[] { 0, 2, 4, 100 })
        {
            var chain = new AppendChain("sess_a");
            Assert.Equal(AppendResult.Conflict, await journal.AppendAsync(chain, expected, Events.Posted(5, "x")));
            Assert.True(chain.IsBroken);
        }
        var empty = new AppendChain("sess_b");
        Assert.Equal(AppendResult.Conflict, await journal.AppendAsync(empty, 1, Events.Posted(1)));

        Assert.Equal(3, await journal.ReadHeadAsync("sess_a", None));
        Assert.Equal(3, (await journal.ReadAllAsync(0, 100, None)).Count);
        Assert.Equal(AppendResult.Committed, await journal.AppendAsync(new AppendChain("sess_a"), 3, Events.Posted(1)));
    }

    [ContractFact]
    public async Task A_conflict_fails_its_own_log_and_none_of_the_group()
    {
        var journal = Open();
        await journal.AppendAsync(new AppendChain("sess_7"), 0, Events.Posted(2));

        // Nothing is awaited in between, so that they gather.
        var appends = Enumerable.Range(0, 200).Select(n => journal.AppendAsync(new AppendChain($"sess_{n}"), 0, Events.Posted(3)).AsTask()).ToList();
        var results = await Task.WhenAll(appends).WaitAsync(Patience);

        Assert.Equal(AppendResult.Conflict, results[7]);
        Assert.All(results.Where((_, n) => n != 7), result => Assert.Equal(AppendResult.Committed, result));
        Assert.Equal(2, await journal.ReadHeadAsync("sess_7", None));
        Assert.Equal(3, await journal.ReadHeadAsync("sess_8", None));
    }

    [ContractFact]
    public async Task After_a_conflict_the_queued_appends_of_the_chain_are_not_tried()
    {
        var journal = Open();
        await journal.AppendAsync(new AppendChain("sess_a"), 0, Events.Posted(2));
        var chain = new AppendChain("sess_a");

        var refused = journal.AppendAsync(chain, 1, Events.Posted(1)).AsTask();
        // It would fit; but it was decided on what was refused.
        var follower = journal.AppendAsync(chain, 2, Events.Posted(1)).AsTask();
        var neighbour = journal.AppendAsync(new AppendChain("sess_b"), 0, Events.Posted(1)).AsTask();

        Assert.Equal(AppendResult.Conflict, await refused.WaitAsync(Patience));
        Assert.Equal(AppendResult.Broken, await follower.WaitAsync(Patience));
        Assert.Equal(AppendResult.Committed, await neighbour.WaitAsync(Patience));
        Assert.Equal(AppendResult.Broken, await journal.AppendAsync(chain, 2, Events.Posted(1)));
        Assert.Equal(2, await journal.ReadHeadAsync("sess_a", None));
    }

    [ContractFact]
    public async Task Two_chains_of_one_log_in_one_group_are_decided_in_their_order()
    {
        var journal = Open();
        var (first, second, third) = (new AppendChain("sess_a"), new AppendChain("sess_a"), new AppendChain("sess_a"));
        Task<AppendResult>[] appends =
        [
            journal.AppendAsync(first, 0, Events.Posted(2)).AsTask(),
            journal.AppendAsync(second, 0, Events.Posted(1)).AsTask(),
            journal.AppendAsync(third, 2, Events.Posted(1)).AsTask(),
            journal.AppendAsync(first, 2, Events.Posted(1)).AsTask(),
        ];

        var results = await Task.WhenAll(appends).WaitAsync(Patience);

        Assert.Equal([AppendResult.Committed, AppendResult.Conflict, AppendResult.Committed, AppendResult.Conflict], results);
        Assert.Equal([first.WriterId, first.WriterId, third.WriterId], (await journal.ReadAsync("sess_a", 0, 9, None)).Select(e => e.WriterId));
    }

    [ContractFact]
    public async Task A_wrong_first_guess_does_not_spoil_the_right_one_behind_it()
    {
        var journal = Open();
        await journal.AppendAsync(new AppendChain("sess_a"), 0, Events.Posted(4));
        var appends = new[] { 2L, 9, 4, 5 }.Select(expected => journal.AppendAsync(new AppendChain("sess_a"), expected, Events.Posted(1)).AsTask()).ToList();

        var results = await Task.WhenAll(appends).WaitAsync(Patience);

        Assert.Equal([AppendResult.Conflict, AppendResult.Conflict, AppendResult.Committed, AppendResult.Committed], results);
        Assert.Equal(6, await journal.ReadHeadAsync("sess_a", None));
    }

    [ContractFact]
    public async Task Appends_of_a_chain_take_effect_in_the_order_of_their_calls()
    {
        var journal = Open();
        var chain = new AppendChain("sess_a");
        var appends = Enumerable.Range(0, 1000).Select(n => journal.AppendAsync(chain, n, [Events.Posted($"{n + 1}")]).AsTask()).ToList();

        Assert.All(await Task.WhenAll(appends).WaitAsync(Patience), result => Assert.Equal(AppendResult.Committed, result));

        var stored = await journal.ReadAsync("sess_a", 0, 2000, None);
        Assert.Equal(Enumerable.Range(1, 1000).Select(n => $"{n}"), stored.Select(e => ((MessagePosted)e.Event!).Content));
        Assert.Equal(stored.OrderBy(e => e.Ordering), stored);
    }

    [ContractFact]
    public async Task Many_sessions_at_once_lose_nothing_and_double_nothing()
    {
        var journal = Open(new JournalOptions { GroupAppends = 37 });
        const int Sessions = 100, Appends = 20;

        await Task.WhenAll(Enumerable.Range(0, Sessions).Select(async n =>
        {
            var chain = new AppendChain($"sess_{n}");
            for (var i = 0; i < Appends; i++)
            {
                Assert.Equal(AppendResult.Committed, await journal.AppendAsync(chain, i * 2, Events.Posted(2, $"{n}.{i}.")));
            }
        })).WaitAsync(Patience);

        for (var n = 0; n < Sessions; n++)
        {
            var stored = await journal.ReadAsync($"sess_{n}", 0, 1000, None);
            Assert.Equal(Enumerable.Range(1, Appends * 2).Select(i => (long)i), stored.Select(e => e.Seq));
            Assert.Equal(Appends * 2, stored.Select(e => ((MessagePosted)e.Event!).Content).Distinct().Count());
        }
        Assert.Equal(Sessions * Appends * 2, (await ReadToEndAsync(journal)).Count);
    }

    [ContractFact]
    public async Task Two_nodes_that_fight_over_a_log_write_one_history()
    {
        var written = new List<string>[2];
        await Task.WhenAll(Enumerable.Range(0, 2).Select(node => Task.Run(async () =>
        {
            var journal = Open();
            written[node] = [];
            for (var i = 0; i < 100; i++)
            {
                var head = await journal.ReadHeadAsync("sess_a", None);
                // A neighbour of the same group, and a log that both nodes touch in the same group.
                var neighbour = journal.AppendAsync(new AppendChain($"sess_{node}_{i}"), 0, Events.Posted(1)).AsTask();
                if (await journal.AppendAsync(new AppendChain("sess_a"), head, Events.Posted(3, $"{node}.{i}.")) == AppendResult.Committed)
                {
                    written[node].AddRange([$"{node}.{i}.1", $"{node}.{i}.2", $"{node}.{i}.3"]);
                }
                Assert.Equal(AppendResult.Committed, await neighbour);
            }
        }))).WaitAsync(Patience);

        var stored = await Open().ReadAsync("sess_a", 0, 1000, None);
        Assert.Equal(Enumerable.Range(1, stored.Count).Select(i => (long)i), stored.Select(e => e.Seq));
        var contents = stored.Select(e => ((MessagePosted)e.Event!).Content).ToList();
        foreach (var mine in written)
        {
            Assert.Equal(mine, contents.Where(mine.Contains));
        }
        Assert.Equal(written.Sum(mine => mine.Count), contents.Count);
    }

    [ContractFact]
    public async Task An_append_that_could_never_be_stored_is_a_bug_and_harms_nobody()
    {
        var journal = Open();
        var neighbour = journal.AppendAsync(new AppendChain("sess_a"), 0, Events.Posted(1)).AsTask();

        await Assert.ThrowsAsync<ArgumentException>(async () => await journal.AppendAsync(new AppendChain("sess_b"), 0, []));
        foreach (var log in new[] { "", new string('x', 256), "a\0b", "\ud800" })
        {
            await Assert.ThrowsAsync<ArgumentException>(async () => await journal.AppendAsync(new AppendChain(log), 0, Events.Posted(1)));
        }
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await journal.AppendAsync(new AppendChain("sess_b"), -1, Events.Posted(1)));

        Assert.Equal(AppendResult.Committed, await neighbour);
        Assert.Equal(AppendResult.Committed, await journal.AppendAsync(new AppendChain(new string('x', 255)), 0, Events.Posted(1)));
    }

    [ContractFact]
    public async Task All_logs_are_read_in_one_order_page_by_page()
    {
        var journal = Open();
        Assert.Equal(0, await journal.ReadLastOrderingAsync(None));
        for (var i = 0; i < 30; i++)
        {
            await journal.AppendAsync(new AppendChain($"sess_{i % 3}"), i / 3, [Events.Posted($"{i}")]);
        }

        var all = await ReadToEndAsync(journal, pageSize: 7);

        Assert.Equal(Enumerable.Range(0, 30).Select(i => $"{i}"), all.Select(e => ((MessagePosted)e.Event!).Content));
        Assert.Equal(all.Select(e => e.Ordering).Order().Distinct(), all.Select(e => e.Ordering));
        Assert.Equal(all[^1].Ordering, await journal.ReadLastOrderingAsync(None));
        Assert.Empty(await journal.ReadAllAsync(all[^1].Ordering, 7, None));
    }

    [ContractFact]
    public async Task An_event_that_cannot_be_read_stops_its_log_and_is_reported_among_all()
    {
        var journal = Open();
        await journal.AppendAsync(new AppendChain("sess_a"), 0, Events.Posted(1));
        await InsertAsync("sess_a", 2, "from-the-future/9", "{}"u8.ToArray());
        await InsertAsync("sess_a", 3, "message-posted/1", "not json"u8.ToArray());
        await journal.AppendAsync(new AppendChain("sess_a"), 3, Events.Posted(1));

        var refused = await Assert.ThrowsAsync<JournalUnavailableException>(async () => await journal.ReadAsync("sess_a", 0, 10, None));
        Assert.Contains("2", refused.Message, StringComparison.Ordinal);
        Assert.Contains("sess_a", refused.Message, StringComparison.Ordinal);
        Assert.Single(await journal.ReadAsync("sess_a", 3, 10, None));

        var all = await ReadToEndAsync(journal);
        Assert.Equal([1, 2, 3, 4], all.Select(e => e.Seq));
        Assert.Equal([true, false, false, true], all.Select(e => e.Event is not null));
        Assert.Equal([false, true, true, false], all.Select(e => e.Error is not null));
    }

    [ContractFact]
    public async Task The_newest_snapshot_up_to_a_seq_is_read_and_older_ones_go()
    {
        var journal = Open();
        Assert.Null(await journal.ReadSnapshotAsync("sess_a", long.MaxValue, None));
        await journal.SaveSnapshotAsync(Snapshot("sess_a", 50), None);
        await journal.SaveSnapshotAsync(Snapshot("sess_b", 10), None);
        await journal.SaveSnapshotAsync(Snapshot("sess_a", 20), None);

        Assert.Equal(50, (await journal.ReadSnapshotAsync("sess_a", 50, None))!.Seq);
        Assert.Equal(20, (await journal.ReadSnapshotAsync("sess_a", 49, None))!.Seq);
        Assert.Null(await journal.ReadSnapshotAsync("sess_a", 19, None));

        await journal.SaveSnapshotAsync(Snapshot("sess_a", 60), None);
        await journal.SaveSnapshotAsync(Snapshot("sess_a", 60) with { State = [], Manifest = "session-state/2" }, None);

        var snapshot = await journal.ReadSnapshotAsync("sess_a", long.MaxValue, None);
        Assert.Equal(("sess_a", 60L, Events.At, "session-state/2", 0), (snapshot!.Log, snapshot.Seq, snapshot.At, snapshot.Manifest, snapshot.State.Length));
        Assert.Null(await journal.ReadSnapshotAsync("sess_a", 59, None));
        Assert.Equal(Snapshot("sess_b", 10).State, (await journal.ReadSnapshotAsync("sess_b", 10, None))!.State);
    }

    [ContractFact]
    public async Task A_commit_is_announced_when_it_can_be_read()
    {
        var journal = Open();
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        journal.Committed += () => throw new InvalidOperationException("a handler's fault is not the journal's");
        await journal.AppendAsync(new AppendChain("sess_a"), 0, Events.Posted(1));
        await using var other = Open();
        other.Committed += () => seen.TrySetResult();

        await other.AppendAsync(new AppendChain("sess_a"), 1, Events.Posted(1));

        await seen.Task.WaitAsync(Patience);
        Assert.Equal(2, (await ReadToEndAsync(journal)).Count);
    }

    [ContractFact]
    public async Task Closing_finishes_what_is_queued_and_refuses_what_comes_later()
    {
        var journal = Open();
        var queued = Enumerable.Range(0, 300).Select(n => journal.AppendAsync(new AppendChain($"sess_{n}"), 0, Events.Posted(1)).AsTask()).ToList();

        await journal.DisposeAsync().AsTask().WaitAsync(Patience);

        Assert.All(queued, append => Assert.Equal(AppendResult.Committed, append.IsCompleted ? append.Result : AppendResult.Broken));
        var late = new AppendChain("sess_late");
        await Assert.ThrowsAsync<JournalUnavailableException>(async () => await journal.AppendAsync(late, 0, Events.Posted(1)));
        Assert.True(late.IsBroken);
        await Assert.ThrowsAsync<JournalUnavailableException>(async () => await journal.ReadHeadAsync("sess_1", None));
        await journal.DisposeAsync();
        Assert.Equal(300, (await ReadToEndAsync(Open())).Count);
    }

    [ContractFact]
    public async Task An_append_larger_than_a_group_is_still_stored()
    {
        var journal = Open(new JournalOptions { GroupBytes = 1000 });
        var large = journal.AppendAsync(new AppendChain("sess_a"), 0, Events.Posted(200)).AsTask();
        var small = journal.AppendAsync(new AppendChain("sess_b"), 0, Events.Posted(1)).AsTask();

        Assert.Equal([AppendResult.Committed, AppendResult.Committed], await Task.WhenAll(large, small).WaitAsync(Patience));
        Assert.Equal(200, await journal.ReadHeadAsync("sess_a", None));
    }

    /// <summary>Another journal object, as of another node, on this test's database.</summary>
    protected IJournal Open(JournalOptions? options = null)
    {
        var journal = OpenJournal(options ?? new JournalOptions());
        lock (opened)
        {
            opened.Add(journal);
        }
        return journal;
    }

    protected abstract IJournal OpenJournal(JournalOptions options);

    /// <summary>A row as another version may have written it.</summary>
    protected abstract Task InsertAsync(string log, long seq, string manifest, byte[] message);

    /// <summary>All events, where no transaction is left running that could hold the reader back.</summary>
    protected static async Task<List<StoredEvent>> ReadToEndAsync(IJournal journal, int pageSize = 1000)
    {
        var all = new List<StoredEvent>();
        var last = await journal.ReadLastOrderingAsync(None);
        while ((all.Count == 0 ? 0 : all[^1].Ordering) < last)
        {
            all.AddRange(await journal.ReadAllAsync(all.Count == 0 ? 0 : all[^1].Ordering, pageSize, None));
        }
        return all;
    }

    private static StoredSnapshot Snapshot(string log, long seq) => new(log, seq, Events.At, "session-state/1", [1, 2, 3, (byte)seq]);
}
