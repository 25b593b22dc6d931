using System.Data;
using Npgsql;
using NpgsqlTypes;

namespace Chat.Actors.Persistence;

/// <summary>A connection for groups of appends, its insert prepared. After any failure it is only good for disposal.</summary>
internal sealed class PostgresWriteConnection : IAsyncDisposable
{
    // Each round means that another node has appended between a head's reading and the insert; the third time is its log, not ours.
    private const int Rounds = 3;

    private static readonly TimeSpan LongestFreeze = TimeSpan.FromSeconds(2);

    // The row of a log is taken only if the log's head is the row's base, in this statement's own snapshot: of a log either all rows are
    // tried or none. ORDER BY before the default of ordering is drawn: within a log ordering rises with seq.
    private static readonly string InsertSql =
        $"""
        INSERT INTO journal (deleted, persistence_id, sequence_number, created, message, manifest, identifier, writer_uuid)
        SELECT false, r.log, r.seq, r.created, r.message, r.manifest, {JournalFormat.SerializerId}, r.writer
        FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[], $6::text[], $7::text[]) WITH ORDINALITY
            AS r (log, base, seq, created, message, manifest, writer, n)
        WHERE r.base = (SELECT coalesce(max(j.sequence_number), 0) FROM journal j WHERE j.persistence_id = r.log)
        ORDER BY r.n
        """;

    private const string ReturnSql = "RETURNING persistence_id, sequence_number";

    private readonly NpgsqlConnection connection;

    /// <summary>What another transaction has put where a row was to be is an error, and nothing of the statement is left.</summary>
    private readonly NpgsqlCommand insertAll;

    /// <summary>What another transaction has put where a row was to be is skipped, and so missing from what is returned.</summary>
    private readonly NpgsqlCommand insert;

    private NpgsqlTransaction? transaction;

    private PostgresWriteConnection(NpgsqlConnection connection)
    {
        this.connection = connection;
        insertAll = NewInsert(ReturnSql);
        insert = NewInsert($"ON CONFLICT (persistence_id, sequence_number) DO NOTHING {ReturnSql}");
    }

    public bool IsOpen => connection.FullState.HasFlag(ConnectionState.Open);

    public static async Task<PostgresWriteConnection> OpenAsync(NpgsqlDataSource source, TimeSpan timeout, CancellationToken cancellation)
    {
        var connection = new PostgresWriteConnection(await source.OpenConnectionAsync(cancellation).ConfigureAwait(false));
        try
        {
            await connection.SetUpAsync(timeout, cancellation).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Stores, in one statement that is a transaction of its own, what rests on its log's head as the plan takes it for: one round trip, and no keys held for longer
    /// than the server takes. From the moment this is called until it returns nobody knows what is stored.
    /// </summary>
    /// <returns>The plans of which nothing is stored, on another connection if this one is not <see cref="IsOpen"/>.</returns>
    public async Task<List<LogPlan>> StoreAsync(List<LogPlan> plans, CancellationToken cancellation)
    {
        plans.ForEach(plan => plan.Decide(null));
        plans = plans.FindAll(plan => plan.Rows > 0);
        if (plans.Count == 0)
        {
            return plans;
        }
        Bind(insertAll, plans);
        NpgsqlDataReader rows;
        try
        {
            rows = await insertAll.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        }
        catch (PostgresException)
        {
            // In place of the rows, which come when all are in: another node was there at the same moment, a deadlock, or the connection was ended while it was idle.
            return plans;
        }
        var stored = (await ReadAsync(rows, cancellation).ConfigureAwait(false)).Select(row => row.Log).ToHashSet(StringComparer.Ordinal);
        return plans.FindAll(plan => !stored.Contains(plan.Log));
    }

    /// <summary>Begins a transaction and brings in what the logs' heads allow, which are read for it; the plans say what that is. Nothing is committed yet.</summary>
    public async Task InsertAsync(List<LogPlan> plans, CancellationToken cancellation)
    {
        // Each statement has to see what others have committed before it.
        transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation).ConfigureAwait(false);
        var open = plans;
        for (var round = 0; round < Rounds; round++)
        {
            var heads = await ReadHeadsAsync(open, cancellation).ConfigureAwait(false);
            open.ForEach(plan => plan.Decide(heads[plan.Log]));
            open = await TryInsertAsync(open, cancellation).ConfigureAwait(false);
            if (open.Count == 0)
            {
                return;
            }
        }
        open.ForEach(plan => plan.Refuse());
    }

    /// <summary>From the moment this is called until it returns, nobody knows whether the group is stored.</summary>
    public async Task CommitAsync(CancellationToken cancellation)
    {
        await transaction!.CommitAsync(cancellation).ConfigureAwait(false);
        await transaction.DisposeAsync().ConfigureAwait(false);
        transaction = null;
    }

    public async ValueTask DisposeAsync()
    {
        await insertAll.DisposeAsync().ConfigureAwait(false);
        await insert.DisposeAsync().ConfigureAwait(false);
        await connection.DisposeAsync().ConfigureAwait(false);
    }

    private async Task SetUpAsync(TimeSpan timeout, CancellationToken cancellation)
    {
        await using var command = NewSetUp(connection, timeout);
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        await insertAll.PrepareAsync(cancellation).ConfigureAwait(false);
        await insert.PrepareAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>What a connection that writes the log says first, whichever engine it is of.</summary>
    /// <param name="timeout">For a statement.</param>
    internal static NpgsqlCommand NewSetUp(NpgsqlConnection connection, TimeSpan timeout)
    {
        // A node that freezes between insert and commit holds its logs' keys, and whoever appends to them waits, with all that it has to append: the server ends it in
        // half of their time at most, and no later than other nodes take it for gone. A database or role that has turned synchronous_commit off would acknowledge what a crash can lose. The insert is
        // planned once: while the table still fits a page a sequential scan is cheapest, and would be kept as the table grows.
        var command = new NpgsqlCommand(
            """
            SELECT set_config('enable_seqscan', 'off', false),
                   set_config('idle_in_transaction_session_timeout', $1, false),
                   set_config('statement_timeout', $2, false),
                   CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', false) END
            """,
            connection);
        command.Parameters.Add(new NpgsqlParameter { Value = $"{(int)Math.Min((timeout / 2).TotalMilliseconds, LongestFreeze.TotalMilliseconds)}" });
        command.Parameters.Add(new NpgsqlParameter { Value = $"{(int)timeout.TotalMilliseconds}" });
        return command;
    }

    private NpgsqlCommand NewInsert(string end)
    {
        var command = new NpgsqlCommand($"{InsertSql} {end}", connection);
        foreach (var type in new[] { NpgsqlDbType.Text, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint, NpgsqlDbType.Bytea, NpgsqlDbType.Text, NpgsqlDbType.Text })
        {
            command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | type });
        }
        return command;
    }

    /// <returns>The logs of which not all rows could be inserted; none of their rows is left.</returns>
    private async Task<List<LogPlan>> TryInsertAsync(List<LogPlan> plans, CancellationToken cancellation)
    {
        var expected = plans.Sum(plan => plan.Rows);
        if (expected == 0)
        {
            return [];
        }
        Bind(insert, plans);
        var inserted = await ReadAsync(await insert.ExecuteReaderAsync(cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        if (inserted.Count == expected)
        {
            return [];
        }
        var byLog = inserted.ToLookup(row => row.Log, row => row.Seq, StringComparer.Ordinal);
        var open = plans.Where(plan => byLog[plan.Log].Count() != plan.Rows).ToList();
        foreach (var plan in open.Where(plan => byLog.Contains(plan.Log)))
        {
            await DeleteAsync(plan.Log, [.. byLog[plan.Log]], cancellation).ConfigureAwait(false);
        }
        return open;
    }

    /// <summary>The rows that could be inserted.</summary>
    private static async Task<List<(string Log, long Seq)>> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellation)
    {
        await using (reader)
        {
            var inserted = new List<(string Log, long Seq)>();
            while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
            {
                inserted.Add((reader.GetString(0), reader.GetInt64(1)));
            }
            return inserted;
        }
    }

    private static void Bind(NpgsqlCommand command, List<LogPlan> plans)
    {
        var rows = plans.Sum(plan => plan.Rows);
        var (logs, bases, seqs, created) = (new string[rows], new long[rows], new long[rows], new long[rows]);
        var (messages, manifests, writers) = (new byte[rows][], new string[rows], new string[rows]);
        var n = 0;
        foreach (var plan in plans)
        {
            var seq = plan.Base;
            foreach (var append in plan.Accepted)
            {
                var writer = append.Chain.WriterId.ToString();
                foreach (var (manifest, payload) in append.Rows)
                {
                    (logs[n], bases[n], seqs[n], created[n]) = (plan.Log, plan.Base, ++seq, append.CreatedTicks);
                    (messages[n], manifests[n], writers[n]) = (payload, manifest, writer);
                    n++;
                }
            }
        }
        object[] values = [logs, bases, seqs, created, messages, manifests, writers];
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i];
        }
    }

    /// <summary>Our own rows of this transaction, by their exact seqs: the others of the log are another node's.</summary>
    private async Task DeleteAsync(string log, long[] seqs, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("DELETE FROM journal WHERE persistence_id = $1 AND sequence_number = ANY ($2)", connection, transaction);
        command.Parameters.Add(new NpgsqlParameter { Value = log });
        command.Parameters.Add(new NpgsqlParameter { Value = seqs });
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    private async Task<Dictionary<string, long>> ReadHeadsAsync(List<LogPlan> plans, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "SELECT l.log, coalesce((SELECT max(sequence_number) FROM journal WHERE persistence_id = l.log), 0) FROM unnest($1) AS l (log)",
            connection,
            transaction);
        command.Parameters.Add(new NpgsqlParameter { Value = plans.Select(plan => plan.Log).ToArray() });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        var heads = new Dictionary<string, long>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            heads[reader.GetString(0)] = reader.GetInt64(1);
        }
        return heads;
    }
}
