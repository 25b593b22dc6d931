using Microsoft.Extensions.Logging;
using Npgsql;

namespace Chat.Actors.Persistence;

/// <summary>
/// How far the order over all logs is decided. <c>ordering</c> is drawn when a row is inserted but seen when its transaction commits, so a
/// number that is missing below one that is seen may still appear, or never, if its transaction is rolled back.
/// Whoever inserts holds ROW EXCLUSIVE on the table from before it draws the number until after its commit can be seen. So once every
/// transaction that held that lock after a number was seen has ended, all numbers up to that one are decided.
/// </summary>
internal sealed partial class PostgresHorizon(TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan WarnAfter = TimeSpan.FromSeconds(30);

    // The number is read before the locks: each statement has a snapshot of its own. A transaction that is prepared for two phases has no pid.
    private const string ObserveSql =
        """
        SELECT coalesce(max(ordering), 0) FROM journal;
        SELECT virtualtransaction FROM pg_locks
        WHERE locktype = 'relation' AND relation = 'journal'::regclass AND mode = 'RowExclusiveLock' AND granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND pid IS DISTINCT FROM pg_backend_pid()
        """;

    private readonly Lock gate = new();
    private long decided;
    private Observation? pending;

    /// <summary>Of the numbers up to this one, those that a query begun from now on does not see will never be there.</summary>
    public long Decided => Interlocked.Read(ref decided);

    /// <summary>How many of the rows, which follow the number <paramref name="after"/>, no undecided number stands before.</summary>
    /// <param name="decided">As it was before the rows were read.</param>
    public static int CountSafe(List<StoredEvent> rows, long after, long decided)
    {
        var previous = Math.Max(after, decided);
        for (var i = 0; i < rows.Count; i++)
        {
            if (rows[i].Ordering > previous + 1)
            {
                return i;
            }
            previous = Math.Max(previous, rows[i].Ordering);
        }
        return rows.Count;
    }

    /// <summary>Looks at who is writing, once, without waiting for them.</summary>
    /// <returns>Whether the horizon has moved, so that reading again shows more.</returns>
    public async ValueTask<bool> AdvanceAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        long newest;
        var writers = new HashSet<string>(StringComparer.Ordinal);
        await using (var command = new NpgsqlCommand(ObserveSql, connection))
        await using (var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false))
        {
            await reader.ReadAsync(cancellation).ConfigureAwait(false);
            newest = reader.GetInt64(0);
            await reader.NextResultAsync(cancellation).ConfigureAwait(false);
            while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
            {
                writers.Add(reader.GetString(0));
            }
        }
        lock (gate)
        {
            return Advance(newest, writers);
        }
    }

    private bool Advance(long newest, HashSet<string> writers)
    {
        var before = decided;
        if (pending is not null)
        {
            pending.Writers.IntersectWith(writers);
            if (pending.Writers.Count == 0)
            {
                decided = Math.Max(decided, pending.Newest);
                pending = null;
            }
            else if (!pending.Warned && time.GetElapsedTime(pending.Since) > WarnAfter)
            {
                pending.Warned = true;
                LogHeldBack(logger, pending.Newest, string.Join(", ", pending.Writers));
            }
        }
        if (writers.Count == 0)
        {
            decided = Math.Max(decided, newest);
        }
        else
        {
            // Newer writers are not added to an older observation, or under load it would never end.
            pending ??= new Observation(newest, writers, time.GetTimestamp());
        }
        return decided > before;
    }

    private sealed class Observation(long newest, HashSet<string> writers, long since)
    {
        public long Newest => newest;

        /// <summary>Virtual transaction ids, of those that have not ended yet.</summary>
        public HashSet<string> Writers => writers;

        public long Since => since;

        public bool Warned { get; set; }
    }

    [LoggerMessage(2021, LogLevel.Warning, "Reading all logs is held back before ordering {Ordering} by transactions that write to the journal and do not end: {Transactions} (pg_locks.virtualtransaction)")]
    private static partial void LogHeldBack(ILogger logger, long ordering, string transactions);
}
