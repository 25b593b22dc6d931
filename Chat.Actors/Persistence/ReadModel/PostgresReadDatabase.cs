using System.Collections.Concurrent;
using System.Data;
using System.Data.Common;
using Npgsql;
using NpgsqlTypes;

namespace Chat.Actors.Persistence;

/// <summary>The read model beside the journal's tables; the data source is the caller's.</summary>
public sealed class PostgresReadDatabase(NpgsqlDataSource dataSource) : ReadDatabase
{
    /// <summary>
    /// What the projector does goes by keys. A plan that was made while a table was empty reads all of it, and a prepared statement keeps such a plan until the
    /// server has looked at the table again. Where there is no other way than what is switched off, a plan counts as so dear that the server would compile it, for longer
    /// than it ever runs.
    /// </summary>
    private const string ByKeysOnly = "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off; SET jit = off";

    private const string AsEver = "RESET enable_seqscan; RESET enable_bitmapscan; RESET enable_sort; RESET jit";

    private const string PlanAnew = "SET LOCAL plan_cache_mode = force_custom_plan";

    private const string KeepPlans = "SET LOCAL plan_cache_mode = auto";

    private readonly ConcurrentDictionary<(string Sql, long Nulls), string> _texts = new();

    /// <summary>Advisory locks are the database's; the read models of two schemas must not share one.</summary>
    private const string LockKey = "hashtextextended('chat.projector.' || current_schema(), 0)";

    /// <summary>Other nodes' appends wake nobody here, and their readers wait for this: 50 ms is 20 short queries a second on one node of the cluster.</summary>
    internal override TimeSpan Poll => TimeSpan.FromMilliseconds(50);

    internal override SearchIndex Search { get; } = new SearchColumn();

    internal override async ValueTask<DbConnection> OpenAsync(CancellationToken cancellation) => await dataSource.OpenConnectionAsync(cancellation);

    internal override async ValueTask<DbTransaction> BeginReadAsync(DbConnection connection, CancellationToken cancellation) =>
        await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellation);

    internal override async ValueTask<DbTransaction> BeginWriteAsync(DbConnection connection, CancellationToken cancellation) =>
        await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation);

    internal override async ValueTask<int> ExecuteAsync(DbTransaction transaction, IEnumerable<ReadStatement> statements, CancellationToken cancellation)
    {
        // One round trip, however many statements.
        var together = Together(statements);
        if (together.Count == 0)
        {
            return 0;
        }
        await using var batch = new NpgsqlBatch((NpgsqlConnection)transaction.Connection!, (NpgsqlTransaction)transaction);
        var commands = new List<NpgsqlBatchCommand>(together.Count);
        foreach (var rows in together)
        {
            var many = rows.Count > 1 ? PostgresManyRows.Of(rows[0].Sql) : null;
            var command = many?.Command(rows) ?? Command(rows[0]);
            NpgsqlBatchCommand[] parts = many is { IsJoin: true } ? [new(PlanAnew), command, new(KeepPlans)] : [command];
            commands.Add(command);
            foreach (var part in parts)
            {
                batch.BatchCommands.Add(part);
            }
        }
        // Each text is parsed once for each connection: a thousand statements have a dozen texts, and the server spends more on those than on the rows.
        await batch.PrepareAsync(cancellation);
        await batch.ExecuteNonQueryAsync(cancellation);
        var all = 0;
        for (var i = 0; i < together.Count; i++)
        {
            var changed = commands[i].RecordsAffected;
            Check(together[i][0], changed, together[i].Count);
            all += changed;
        }
        return all;
    }

    /// <summary>The server ends a leader that asks nothing for two seconds: its process stands still, and would keep the lock as long as its connection.</summary>
    internal override async ValueTask<bool> TryLeadAsync(DbConnection connection, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT pg_try_advisory_lock({LockKey})";
        if (await command.ExecuteScalarAsync(cancellation) is not true)
        {
            return false;
        }
        command.CommandText = $"{EndIdleAfter("2s")}; {ByKeysOnly}";
        await command.ExecuteNonQueryAsync(cancellation);
        return true;
    }

    /// <summary>A pooled connection is not closed but lent again later; until then it would hold the lock.</summary>
    internal override async ValueTask StopLeadingAsync(DbConnection connection)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT pg_advisory_unlock({LockKey}); {EndIdleAfter("0")}; {AsEver}";
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Servers before 14 do not have the first of them.</summary>
    private static string EndIdleAfter(string time) =>
        $"SELECT set_config(name, '{time}', false) FROM pg_settings WHERE name IN ('idle_session_timeout', 'idle_in_transaction_session_timeout')";

    internal override IReadOnlyList<ReadStatement> Empty(IReadOnlyList<string> tables) =>
        [new($"TRUNCATE {string.Join(", ", tables)} RESTART IDENTITY", [])];

    internal override bool IsOfTheData(Exception failure) => failure switch
    {
        // Data exceptions, integrity constraints, limits of an index row; not connections, locks, resources, or a schema that is not there.
        PostgresException e => e.SqlState.StartsWith("22", StringComparison.Ordinal) || e.SqlState.StartsWith("23", StringComparison.Ordinal)
            || e.SqlState.StartsWith("54", StringComparison.Ordinal),
        DbException or IOException or TimeoutException or OperationCanceledException or ObjectDisposedException => false,
        _ => true,
    };

    /// <summary>What follows each other and can be one statement, up to <see cref="PostgresManyRows.MostRows"/>, and everything else by itself.</summary>
    private static List<List<ReadStatement>> Together(IEnumerable<ReadStatement> statements)
    {
        var all = new List<List<ReadStatement>>();
        foreach (var statement in statements)
        {
            if (all.Count > 0 && ReferenceEquals(all[^1][0].Sql, statement.Sql) && all[^1].Count < PostgresManyRows.MostRows && PostgresManyRows.Of(statement.Sql) is not null)
            {
                all[^1].Add(statement);
            }
            else
            {
                all.Add([statement]);
            }
        }
        return all;
    }

    private NpgsqlBatchCommand Command(ReadStatement statement)
    {
        var command = new NpgsqlBatchCommand(TextOf(statement));
        foreach (var argument in statement.Arguments)
        {
            command.Parameters.Add(ToPostgres(argument));
        }
        return command;
    }

    /// <summary>By the statement and which of its arguments are null: a prepared statement has a type for each, and a null has none.</summary>
    private string TextOf(ReadStatement statement)
    {
        var nulls = 0L;
        for (var i = 0; i < statement.Arguments.Length; i++)
        {
            nulls |= statement.Arguments[i] is null ? 1L << i : 0;
        }
        return nulls == 0 ? statement.Sql : _texts.GetOrAdd((statement.Sql, nulls), static key => $"{key.Sql} -- {key.Nulls}");
    }

    private static NpgsqlParameter ToPostgres(object? argument) => argument switch
    {
        null => new() { Value = DBNull.Value },
        DateTimeOffset time => new() { Value = Timestamp(time), NpgsqlDbType = NpgsqlDbType.Timestamp },
        JsonArgument json => new() { Value = json.Text, NpgsqlDbType = NpgsqlDbType.Jsonb },
        string or long or int or bool or int[] => new() { Value = argument },
        _ => throw new NotSupportedException($"No column takes a {argument.GetType()}"),
    };

    internal static DateTime Timestamp(DateTimeOffset time) => DateTime.SpecifyKind(time.UtcDateTime, DateTimeKind.Unspecified);
}
