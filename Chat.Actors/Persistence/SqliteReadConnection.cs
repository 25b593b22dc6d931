using Chat.Protocol;

namespace Chat.Actors.Persistence;

/// <summary>A connection with the journal's queries, kept prepared. One thread at a time.</summary>
internal sealed class SqliteReadConnection : IDisposable
{
    private readonly SqliteHandle handle;
    private readonly EventCodec codec;
    private readonly List<SqliteStatement> statements = [];
    private readonly SqliteStatement log;
    private readonly SqliteStatement head;
    private readonly SqliteStatement all;
    private readonly SqliteStatement last;
    private readonly SqliteStatement snapshot;

    public SqliteReadConnection(string path, JournalOptions options)
    {
        handle = SqliteHandle.Open(path, options.AppendTimeout);
        codec = options.Events;
        try
        {
            handle.Execute("PRAGMA query_only = 1");
            log = Prepare(
                """
                SELECT ordering, sequence_number, writer_uuid, manifest, message FROM journal
                WHERE persistence_id = ?1 AND sequence_number > ?2 ORDER BY sequence_number LIMIT ?3
                """);
            head = Prepare("SELECT max(sequence_number) FROM journal WHERE persistence_id = ?1");
            all = Prepare(
                """
                SELECT ordering, persistence_id, sequence_number, writer_uuid, manifest, message FROM journal
                WHERE ordering > ?1 ORDER BY ordering LIMIT ?2
                """);
            last = Prepare("SELECT max(ordering) FROM journal");
            snapshot = Prepare(
                """
                SELECT sequence_number, created, manifest, snapshot FROM snapshot
                WHERE persistence_id = ?1 AND sequence_number <= ?2 ORDER BY sequence_number DESC LIMIT 1
                """);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public List<StoredEvent> ReadLog(string name, long afterSeq, int limit)
    {
        log.Bind(1, name);
        log.Bind(2, afterSeq);
        log.Bind(3, limit);
        var events = new List<StoredEvent>();
        try
        {
            while (log.Step())
            {
                events.Add(JournalFormat.Decode(codec, log.Int64(0), name, log.Int64(1), log.Text(2), log.Text(3), log.Blob(4)));
            }
            return events;
        }
        finally
        {
            log.Reset();
        }
    }

    public List<StoredEvent> ReadAll(long afterOrdering, int limit)
    {
        all.Bind(1, afterOrdering);
        all.Bind(2, limit);
        var events = new List<StoredEvent>();
        try
        {
            while (all.Step())
            {
                events.Add(JournalFormat.DecodeOrReport(codec, all.Int64(0), all.Text(1)!, all.Int64(2), all.Text(3), all.Text(4), all.Blob(5)));
            }
            return events;
        }
        finally
        {
            all.Reset();
        }
    }

    public long ReadHead(string name)
    {
        head.Bind(1, name);
        return ReadNumber(head);
    }

    public long ReadLastOrdering() => ReadNumber(last);

    public StoredSnapshot? ReadSnapshot(string name, long maxSeq)
    {
        snapshot.Bind(1, name);
        snapshot.Bind(2, maxSeq);
        try
        {
            return snapshot.Step()
                ? new StoredSnapshot(name, snapshot.Int64(0), new DateTimeOffset(snapshot.Int64(1), TimeSpan.Zero), snapshot.Text(2) ?? "", snapshot.Blob(3).ToArray())
                : null;
        }
        finally
        {
            snapshot.Reset();
        }
    }

    public void Dispose()
    {
        statements.ForEach(statement => statement.Dispose());
        handle.Dispose();
    }

    /// <returns>0 for null, which is what an empty table or log gives.</returns>
    private static long ReadNumber(SqliteStatement statement)
    {
        try
        {
            return statement.Step() ? statement.Int64(0) : 0;
        }
        finally
        {
            statement.Reset();
        }
    }

    private SqliteStatement Prepare(string sql)
    {
        var statement = handle.Prepare(sql);
        statements.Add(statement);
        return statement;
    }
}
