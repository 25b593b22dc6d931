using Chat.Actors.Persistence;
using Chat.Tests.Support;

namespace Chat.Tests.Contracts;

/// <summary>What the migrations promise on every engine. Each test has a database of its own.</summary>
public abstract class MigrationsContract
{
    private static readonly Migration First = new("tiny", 1, "one", "CREATE TABLE one (id integer NOT NULL); INSERT INTO one VALUES (1);", "DROP TABLE one;");
    private static readonly Migration Second = new("tiny", 2, "two", "-- CREATE TABLE three is a comment\nCREATE TABLE two (id integer);", "DROP TABLE two;");
    private static readonly Migration Third = new("tiny", 3, "three", "ALTER TABLE two ADD COLUMN name text;", "ALTER TABLE two DROP COLUMN name;");
    private static readonly Migration Elsewhere = new("other", 1, "first", "CREATE TABLE elsewhere (id integer);", "DROP TABLE elsewhere;");

    [ContractFact]
    public async Task Pending_steps_are_applied_once_and_in_order()
    {
        var migrations = Create(Third, First, Elsewhere, Second);

        Assert.Equal([1, 2], (await migrations.UpAsync("tiny", 2)).Select(step => step.Version));
        Assert.Equal([MigrationState.Applied, MigrationState.Applied, MigrationState.Pending], (await migrations.StatusAsync("tiny")).Select(step => step.State));
        Assert.Equal([3], (await migrations.UpAsync("tiny")).Select(step => step.Version));
        Assert.Empty(await migrations.UpAsync("tiny"));

        Assert.Equal(["one", "two", "three"], (await migrations.HistoryAsync("tiny")).Select(step => step.Name));
        Assert.All(await migrations.HistoryAsync("tiny"), step => Assert.Equal(DateTimeOffset.UtcNow, step.AppliedAt, TimeSpan.FromMinutes(5)));
        Assert.Empty(await migrations.HistoryAsync("other"));
        Assert.Equal(1, await CountAsync("one"));
    }

    [ContractFact]
    public async Task Steps_are_taken_back_newest_first()
    {
        var migrations = Create(First, Second);
        await migrations.UpAsync("tiny");

        Assert.Equal([2], (await migrations.DownAsync("tiny")).Select(step => step.Version));
        Assert.Equal([1], (await migrations.HistoryAsync("tiny")).Select(step => step.Version));
        await migrations.UpAsync("tiny");
        Assert.Equal([2, 1], (await migrations.DownToAsync("tiny", 0)).Select(step => step.Version));
        Assert.Empty(await migrations.DownAsync("tiny"));
        Assert.Equal(2, (await migrations.UpAsync("tiny")).Count);
    }

    [ContractFact]
    public async Task A_step_that_fails_leaves_nothing_of_itself()
    {
        var broken = Second with { Up = "CREATE TABLE two (id integer); INSERT INTO nowhere VALUES (1);" };

        await Assert.ThrowsAnyAsync<Exception>(() => Create(First, broken).UpAsync("tiny"));

        Assert.Equal([MigrationState.Applied, MigrationState.Pending], (await Create(First, Second).StatusAsync("tiny")).Select(step => step.State));
        Assert.Single(await Create(First, Second).UpAsync("tiny"));
    }

    [ContractFact]
    public async Task A_step_applied_from_another_text_is_refused()
    {
        await Create(First).UpAsync("tiny");
        var changed = Create(First with { Up = First.Up + " " }, Second);

        var refused = await Assert.ThrowsAsync<MigrationRefusedException>(() => changed.UpAsync("tiny"));

        Assert.Contains("migration 1 (one)", refused.Message, StringComparison.Ordinal);
        Assert.Equal([MigrationState.Changed, MigrationState.Pending], (await changed.StatusAsync("tiny")).Select(step => step.State));
        await Assert.ThrowsAsync<MigrationRefusedException>(() => changed.DownAsync("tiny"));
    }

    [ContractFact]
    public async Task A_checkout_that_ends_its_lines_otherwise_is_the_same_text()
    {
        await Create(First, Second).UpAsync("tiny");

        var status = await Create(First, Second with { Up = Second.Up.Replace("\n", "\r\n", StringComparison.Ordinal) }).StatusAsync("tiny");

        Assert.All(status, step => Assert.Equal(MigrationState.Applied, step.State));
    }

    [ContractFact]
    public async Task A_database_newer_than_the_build_is_refused()
    {
        await Create(First, Second, Third).UpAsync("tiny");
        var old = Create(First, Second);

        var refused = await Assert.ThrowsAsync<MigrationRefusedException>(() => old.UpAsync("tiny"));

        Assert.Contains("version 3", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<MigrationRefusedException>(() => old.DownAsync("tiny"));
        Assert.Equal([MigrationState.Applied, MigrationState.Applied, MigrationState.Unknown], (await old.StatusAsync("tiny")).Select(step => step.State));
    }

    [ContractFact]
    public async Task Tables_of_somebody_else_are_left_alone()
    {
        await ExecuteAsync("CREATE TABLE Two (theirs integer)");

        var refused = await Assert.ThrowsAsync<MigrationRefusedException>(() => Create(First, Second).UpAsync("tiny"));

        Assert.Contains("two", refused.Message, StringComparison.Ordinal);
        Assert.Empty(await Create(First, Second).HistoryAsync("tiny"));
        // Not even the first step, or our record.
        await Assert.ThrowsAnyAsync<Exception>(() => CountAsync("one"));
        await Assert.ThrowsAnyAsync<Exception>(() => CountAsync("chat_migrations"));
    }

    [ContractFact]
    public async Task Nodes_that_start_at_once_take_turns()
    {
        var applied = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Create(First, Second, Third).UpAsync("tiny"))));

        Assert.Equal([1, 2, 3], applied.SelectMany(steps => steps).Select(step => step.Version).Order());
        Assert.Equal(1, await CountAsync("one"));
    }

    [ContractFact]
    public async Task This_builds_journal_goes_up_and_down_and_up()
    {
        var migrations = Create();

        Assert.NotEmpty(await migrations.UpAsync("journal"));
        Assert.Equal(0, await CountAsync("journal") + await CountAsync("tags") + await CountAsync("snapshot"));
        await migrations.DownToAsync("journal", 0);
        await Assert.ThrowsAnyAsync<Exception>(() => CountAsync("journal"));
        Assert.NotEmpty(await migrations.UpAsync("journal"));
    }

    [ContractFact]
    public async Task An_unknown_set_is_a_bug() => await Assert.ThrowsAsync<ArgumentException>(() => Create().UpAsync("nothing"));

    /// <summary>Without steps: this build's.</summary>
    protected abstract Migrations Create(params Migration[] steps);

    protected abstract Task ExecuteAsync(string sql);

    protected abstract Task<long> CountAsync(string table);
}
