using Chat.Actors.Persistence;
using Chat.Protocol;
using Chat.Tests.Contracts;
using Chat.Tests.Support;

namespace Chat.Tests.Persistence;

[RequiresPostgres]
public sealed class PostgresJournalTests : JournalContract
{
    private PostgresDatabase database = null!;

    public override async Task InitializeAsync() => database = await PostgresDatabase.CreateAsync("journal");

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await database.DisposeAsync();
    }

    [ContractFact]
    public async Task A_connection_cut_before_its_commit_stores_nothing_and_says_unknown()
    {
        await using var proxy = new CuttingProxy(database.Server.Port);
        await using var journal = Through(proxy);
        await journal.AppendAsync(new AppendChain("sess_a"), 0, Events.Posted(1));
        var chain = new AppendChain("sess_a");

        proxy.Arm(CuttingProxy.Cut.BeforeCommit);
        await Assert.ThrowsAsync<JournalUnavailableException>(() => journal.AppendAsync(chain, 1, Events.Posted(2)).AsTask().WaitAsync(Patience));

        Assert.True(chain.IsBroken);
        Assert.Equal(1, await journal.ReadHeadAsync("sess_a", None));
        Assert.Equal(AppendResult.Committed, await journal.AppendAsync(new AppendChain("sess_a"), 1, Events.Posted(2)).AsTask().WaitAsync(Patience));
    }

    [ContractFact]
    public async Task A_connection_cut_after_its_commit_says_unknown_and_the_writer_id_tells()
    {
        await using var proxy = new CuttingProxy(database.Server.Port);
        await using var journal = Through(proxy);
        await journal.AppendAsync(new AppendChain("sess_a"), 0, Events.Posted(1));
        var chain = new AppendChain("sess_a");

        proxy.Arm(CuttingProxy.Cut.AfterCommit);
        await Assert.ThrowsAsync<JournalUnavailableException>(() => journal.AppendAsync(chain, 1, Events.Posted(2)).AsTask().WaitAsync(Patience));

        Assert.Equal(AppendResult.Broken, await journal.AppendAsync(chain, 3, Events.Posted(1)));
        Assert.Equal([chain.WriterId, chain.WriterId], (await journal.ReadAsync("sess_a", 1, 10, None)).Select(e => e.WriterId));
        Assert.Equal(AppendResult.Committed, await journal.AppendAsync(new AppendChain("sess_a"), 3, Events.Posted(1)).AsTask().WaitAsync(Patience));
    }

    [ContractFact]
    public async Task A_database_that_falls_silent_fails_appends_in_bounded_time()
    {
        await using var proxy = new CuttingProxy(database.Server.Port);
        await using var journal = Through(proxy, new JournalOptions { AppendTimeout = TimeSpan.FromSeconds(2) });
        await journal.AppendAsync(new AppendChain("sess_a"), 0, Events.Posted(1));
        var chain = new AppendChain("sess_a");

        proxy.Arm(CuttingProxy.Cut.SilenceAfterCommit);
        var silent = journal.AppendAsync(chain, 1, Events.Posted(1)).AsTask();
        var follower = journal.AppendAsync(chain, 2, Events.Posted(1)).AsTask();

        await Assert.ThrowsAsync<JournalUnavailableException>(() => silent.WaitAsync(Patience));
        if (await Record.ExceptionAsync(() => follower.WaitAsync(Patience)) is not JournalUnavailableException)
        {
            Assert.Equal(AppendResult.Broken, await follower);
        }
        await AppendUntilStoredAsync(journal, "sess_b", "again");
    }

    [ContractFact]
    public async Task Backends_that_are_ended_under_load_lose_nothing_that_was_acknowledged()
    {
        const int Sessions = 20, Appends = 60;
        var journal = Open();
        using var done = new CancellationTokenSource();
        var killing = KillBackendsAsync(done.Token);

        await Task.WhenAll(Enumerable.Range(0, Sessions).Select(async n =>
        {
            for (var i = 0; i < Appends; i++)
            {
                await AppendUntilStoredAsync(journal, $"sess_{n}", $"{n}.{i}");
            }
        })).WaitAsync(Patience);
        await done.CancelAsync();

        Assert.True(await killing > 0, "no backend was there to be ended");
        for (var n = 0; n < Sessions; n++)
        {
            var stored = await Open().ReadAsync($"sess_{n}", 0, 1000, None);
            Assert.Equal(Enumerable.Range(0, Appends).Select(i => $"{n}.{i}"), stored.Select(e => ((MessagePosted)e.Event!).Content));
            Assert.Equal(Enumerable.Range(1, Appends).Select(i => (long)i), stored.Select(e => e.Seq));
        }
    }

    [ContractFact]
    public async Task A_connection_that_died_idle_costs_the_next_append_nothing()
    {
        var journal = Open();
        await journal.AppendAsync(new AppendChain("sess_a"), 0, Events.Posted(1));

        Assert.True(await database.TerminateAsync() > 0);

        Assert.Equal(AppendResult.Committed, await journal.AppendAsync(new AppendChain("sess_a"), 1, Events.Posted(1)));
    }

    [ContractFact]
    public async Task A_database_that_is_away_fails_appends_and_reads_and_hangs_nobody()
    {
        var proxy = new CuttingProxy(database.Server.Port);
        await using var journal = Through(proxy);
        await journal.AppendAsync(new AppendChain("sess_a"), 0, Events.Posted(1));
        await proxy.DisposeAsync();

        await Assert.ThrowsAsync<JournalUnavailableException>(() => journal.AppendAsync(new AppendChain("sess_a"), 1, Events.Posted(1)).AsTask().WaitAsync(Patience));
        await Assert.ThrowsAsync<JournalUnavailableException>(async () => await journal.ReadHeadAsync("sess_a", None));
        await Assert.ThrowsAsync<JournalUnavailableException>(async () => await journal.ReadAllAsync(0, 10, None));
        await Assert.ThrowsAsync<JournalUnavailableException>(async () => await journal.SaveSnapshotAsync(new StoredSnapshot("sess_a", 1, Events.At, "m", []), None));
    }

    [ContractFact]
    public async Task A_transaction_in_the_way_of_one_log_makes_a_conflict_of_it_alone_once_it_commits()
    {
        var journal = Open();
        await using var other = await database.ConnectAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await PostgresDatabase.InsertAsync(other, "sess_m", 1, "message-posted/1", "{}"u8.ToArray());

        // The head is 0 in every snapshot, and the key is taken all the same. Two rows: the second could go in alone.
        var late = journal.AppendAsync(new AppendChain("sess_m"), 0, Events.Posted(2)).AsTask();
        var neighbours = new[] { "sess_a", "sess_z" }.Select(log => journal.AppendAsync(new AppendChain(log), 0, Events.Posted(1)).AsTask()).ToList();
        await database.UntilAsync("SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");
        await transaction.CommitAsync();

        Assert.Equal(AppendResult.Conflict, await late.WaitAsync(Patience));
        Assert.All(await Task.WhenAll(neighbours).WaitAsync(Patience), result => Assert.Equal(AppendResult.Committed, result));
        Assert.Equal(1, await journal.ReadHeadAsync("sess_m", None));
        Assert.Equal(3, (await ReadToEndAsync(journal)).Count);
    }

    [ContractFact]
    public async Task A_log_that_another_node_gave_up_is_written_without_a_conflict()
    {
        var journal = Open();
        await using var other = await database.ConnectAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await PostgresDatabase.InsertAsync(other, "sess_m", 1, "message-posted/1", "{}"u8.ToArray());
        var append = journal.AppendAsync(new AppendChain("sess_m"), 0, Events.Posted(2)).AsTask();
        await database.UntilAsync("SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");

        await transaction.RollbackAsync();

        Assert.Equal(AppendResult.Committed, await append.WaitAsync(Patience));
        Assert.Equal(2, await journal.ReadHeadAsync("sess_m", None));
    }

    [ContractFact]
    public async Task Where_the_database_commits_asynchronously_the_writer_does_not()
    {
        await database.ExecuteAsync(
            $"""
            ALTER DATABASE {database.Name} SET synchronous_commit = off;
            CREATE TABLE witness (setting text);
            CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN INSERT INTO witness VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$;
            CREATE TRIGGER witness BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION witness();
            """);

        await Open().AppendAsync(new AppendChain("sess_a"), 0, Events.Posted(1));

        Assert.True(await database.AskAsync("SELECT bool_and(setting = 'on') AND current_setting('synchronous_commit') = 'off' FROM witness"));
    }

    protected override IJournal OpenJournal(JournalOptions options) => PostgresJournal.Open(database.Url, 8, TimeProvider.System, options);

    protected override async Task InsertAsync(string log, long seq, string manifest, byte[] message)
    {
        await using var connection = await database.ConnectAsync();
        await PostgresDatabase.InsertAsync(connection, log, seq, manifest, message);
    }

    private PostgresJournal Through(CuttingProxy proxy, JournalOptions? options = null) =>
        PostgresJournal.Open(database.UrlThrough(proxy.Port), 4, TimeProvider.System, options);

    /// <summary>As a session's actor does: after a failure it reads what became of its append, and goes on from there.</summary>
    private static async Task AppendUntilStoredAsync(IJournal journal, string log, string content)
    {
        while (true)
        {
            var chain = new AppendChain(log);
            try
            {
                var head = await journal.ReadHeadAsync(log, None);
                var stored = await journal.ReadAsync(log, Math.Max(0, head - 1), 1, None);
                if (stored is [{ Event: MessagePosted last }] && last.Content == content)
                {
                    return;
                }
                Assert.Equal(AppendResult.Committed, await journal.AppendAsync(chain, head, [Events.Posted(content)]));
                return;
            }
            catch (JournalUnavailableException)
            {
                // A lost connection may have committed: the head tells.
            }
        }
    }

    private async Task<int> KillBackendsAsync(CancellationToken cancellation)
    {
        var killed = 0;
        while (!cancellation.IsCancellationRequested)
        {
            killed += await database.TerminateAsync();
        }
        return killed;
    }
}
