using Chat.Actors.Persistence;
using Chat.Protocol;
using Chat.Tests.Support;
using Npgsql;

namespace Chat.Tests.Persistence;

/// <summary>Reading all logs in order while transactions that have drawn lower numbers are still open.</summary>
[RequiresPostgres]
public sealed class PostgresHorizonTests : IAsyncLifetime
{
    private readonly List<NpgsqlConnection> connections = [];
    private PostgresDatabase database = null!;
    private PostgresJournal journal = null!;

    private static CancellationToken None => CancellationToken.None;

    public async Task InitializeAsync()
    {
        database = await PostgresDatabase.CreateAsync("journal");
        journal = PostgresJournal.Open(database.Url, 8, TimeProvider.System);
    }

    public async Task DisposeAsync()
    {
        await journal.DisposeAsync();
        foreach (var connection in connections)
        {
            await connection.DisposeAsync();
        }
        await database.DisposeAsync();
    }

    [ContractFact]
    public async Task An_event_that_commits_late_is_not_stepped_over()
    {
        await AppendAsync("sess_a");
        var late = await BeginAsync("late_1");
        await AppendAsync("sess_b");
        await AppendAsync("sess_c");

        Assert.Equal(["sess_a"], await ReadAsync());
        Assert.Equal(["sess_a"], await ReadAsync());
        await late.CommitAsync();

        Assert.Equal(["sess_a", "late_1", "sess_b", "sess_c"], await ReadAsync());
    }

    [ContractFact]
    public async Task The_first_row_after_the_place_asked_for_may_be_the_one_that_is_late()
    {
        var late = await BeginAsync("late_1");
        await AppendAsync("sess_b");

        Assert.Empty(await ReadAsync());
        await late.CommitAsync();

        Assert.Equal(["late_1", "sess_b"], await ReadAsync());
        Assert.Equal(["sess_b"], (await journal.ReadAllAsync(1, 10, None)).Select(e => e.Log));
    }

    [ContractFact]
    public async Task A_number_that_was_rolled_back_holds_nobody_up()
    {
        await AppendAsync("sess_a");
        var late = await BeginAsync("late_1");
        await AppendAsync("sess_b");
        Assert.Equal(["sess_a"], await ReadAsync());

        await late.RollbackAsync();

        Assert.Equal(["sess_a", "sess_b"], await ReadAsync());
    }

    [ContractFact]
    public async Task Of_two_late_ones_each_is_waited_for()
    {
        var first = await BeginAsync("late_1");
        var second = await BeginAsync("late_2");
        await AppendAsync("sess_a");

        await second.CommitAsync();
        Assert.Empty(await ReadAsync());
        await first.RollbackAsync();

        Assert.Equal(["late_2", "sess_a"], await ReadAsync());
    }

    [ContractFact]
    public async Task Writers_that_come_later_do_not_put_the_decision_off()
    {
        var late = await BeginAsync("late_1");
        await AppendAsync("sess_a");
        Assert.Empty(await ReadAsync());
        var newer = await BeginAsync("late_2");
        await AppendAsync("sess_b");
        Assert.Empty(await ReadAsync());

        await late.RollbackAsync();

        // The second is still open: sess_b waits for it, sess_a for nothing.
        Assert.Equal(["sess_a"], await ReadAsync());
        await newer.CommitAsync();
        Assert.Equal(["sess_a", "late_2", "sess_b"], await ReadAsync());
    }

    [ContractFact]
    public async Task A_writer_that_has_its_number_and_no_transaction_id_yet_is_waited_for()
    {
        // The sequence logs itself once in 32 draws; in between, drawing gives no transaction id.
        await AppendAsync("sess_a");
        var connection = await ConnectAsync();
        var transaction = await connection.BeginTransactionAsync();
        await RunAsync(connection, "LOCK TABLE journal IN ROW EXCLUSIVE MODE");
        var number = await RunAsync(connection, "SELECT nextval('journal_ordering_seq')");
        Assert.True(await database.AskAsync("SELECT bool_and(backend_xid IS NULL) FROM pg_stat_activity WHERE datname = current_database()"));
        await AppendAsync("sess_b");

        Assert.Equal(["sess_a"], await ReadAsync());
        await RunAsync(
            connection,
            $"INSERT INTO journal (ordering, deleted, persistence_id, sequence_number, created, message) VALUES ({number}, false, 'late_1', 1, 0, '')");
        Assert.Equal(["sess_a"], await ReadAsync());
        await transaction.CommitAsync();

        Assert.Equal(["sess_a", "late_1", "sess_b"], await ReadAsync());
    }

    [ContractFact]
    public async Task A_transaction_prepared_for_two_phases_is_waited_for_without_its_backend()
    {
        var connection = await ConnectAsync();
        await RunAsync(connection, "BEGIN");
        await PostgresDatabase.InsertAsync(connection, "late_1", 1, "message-posted/1", "{}"u8.ToArray());
        await RunAsync(connection, $"PREPARE TRANSACTION '{database.Name}'");
        await AppendAsync("sess_a");

        Assert.Empty(await ReadAsync());
        await RunAsync(connection, $"COMMIT PREPARED '{database.Name}'");

        Assert.Equal(["late_1", "sess_a"], await ReadAsync());
    }

    [ContractFact]
    public async Task Writers_of_other_tables_and_databases_do_not_matter()
    {
        await using var elsewhere = await PostgresDatabase.CreateAsync("journal");
        await using var other = await elsewhere.ConnectAsync();
        await using var open = await other.BeginTransactionAsync();
        await PostgresDatabase.InsertAsync(other, "sess_x", 1, "message-posted/1", "{}"u8.ToArray());
        var connection = await ConnectAsync();
        await using var tagging = await connection.BeginTransactionAsync();
        await RunAsync(connection, "INSERT INTO tags (ordering_id, tag, sequence_nr, persistence_id) VALUES (1, 't', 1, 'x')");
        await RunAsync(await ConnectAsync(), "SELECT nextval('journal_ordering_seq')");

        await AppendAsync("sess_a");

        Assert.Equal(["sess_a"], await ReadAsync());
    }

    [ContractFact]
    public async Task A_reader_of_a_busy_journal_sees_every_event_once_and_each_log_in_order()
    {
        const int Writers = 4, Appends = 150;
        var journals = Enumerable.Range(0, Writers).Select(_ => PostgresJournal.Open(database.Url, 4, TimeProvider.System)).ToList();
        var writing = Task.WhenAll(journals.Select((writer, n) => Task.Run(async () =>
        {
            for (var i = 0; i < Appends; i++)
            {
                // Every third is a conflict, which burns numbers.
                var own = writer.AppendAsync(new AppendChain($"sess_{n}"), i, Events.Posted(1)).AsTask();
                _ = i % 3 == 0 ? await writer.AppendAsync(new AppendChain("sess_all"), 0, Events.Posted(1)) : AppendResult.Conflict;
                Assert.Equal(AppendResult.Committed, await own);
            }
        })));

        var seen = new List<StoredEvent>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!writing.IsCompleted || seen.Count < (Writers * Appends) + 1)
        {
            seen.AddRange(await journal.ReadAllAsync(seen.Count == 0 ? 0 : seen[^1].Ordering, 50, patience.Token));
            patience.Token.ThrowIfCancellationRequested();
        }
        await writing;

        Assert.Equal((Writers * Appends) + 1, seen.Count);
        foreach (var log in seen.GroupBy(e => e.Log))
        {
            Assert.Equal(Enumerable.Range(1, log.Count()).Select(i => (long)i), log.Select(e => e.Seq));
        }
        foreach (var writer in journals)
        {
            await writer.DisposeAsync();
        }
    }

    private async Task AppendAsync(string log) =>
        Assert.Equal(AppendResult.Committed, await journal.AppendAsync(new AppendChain(log), await journal.ReadHeadAsync(log, None), Events.Posted(1)));

    private async Task<IEnumerable<string>> ReadAsync() => (await journal.ReadAllAsync(0, 100, None)).Select(e => e.Log);

    /// <summary>A transaction that has inserted an event and not ended.</summary>
    private async Task<NpgsqlTransaction> BeginAsync(string log)
    {
        var connection = await ConnectAsync();
        var transaction = await connection.BeginTransactionAsync();
        await PostgresDatabase.InsertAsync(connection, log, 1, "message-posted/1", "{}"u8.ToArray());
        return transaction;
    }

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = await database.ConnectAsync();
        connections.Add(connection);
        return connection;
    }

    private static async Task<object?> RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
