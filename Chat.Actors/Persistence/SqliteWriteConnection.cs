using System.Diagnostics;
using Microsoft.Data.Sqlite;

namespace Chat.Actors.Persistence;

/// <summary>A connection with the statements of the writer, kept prepared.</summary>
internal sealed class SqliteWriteConnection : IDisposable
{
    private readonly SqliteHandle handle;
    private readonly List<SqliteStatement> statements = [];
    private readonly SqliteStatement begin;
    private readonly SqliteStatement commit;
    private readonly SqliteStatement head;
    private readonly SqliteStatement insert;
    private readonly SqliteStatement save;
    private readonly SqliteStatement prune;

    public SqliteWriteConnection(string path, JournalOptions options, int checkpointPages)
    {
        handle = SqliteHandle.Open(path, options.AppendTimeout);
        try
        {
            UseWal(options.AppendTimeout);
            handle.Execute("PRAGMA synchronous = FULL");
            handle.Execute($"PRAGMA wal_autocheckpoint = {checkpointPages}");
            // 16 MiB: the upper pages of the index over (persistence_id, sequence_number) stay in memory up to some million events.
            handle.Execute("PRAGMA cache_size = -16384");
            if (options.MaxFileBytes is { } bytes)
            {
                handle.Execute($"PRAGMA max_page_count = {Math.Max(1, bytes / ReadPageSize())}");
            }
            // IMMEDIATE: the head is read under the lock that the insert needs, so no other process comes between.
            begin = Prepare("BEGIN IMMEDIATE");
            commit = Prepare("COMMIT");
            head = Prepare("SELECT max(sequence_number) FROM journal WHERE persistence_id = ?1");
            insert = Prepare(
                $"""
                INSERT INTO journal (deleted, persistence_id, sequence_number, created, message, manifest, identifier, writer_uuid)
                VALUES (0, ?1, ?2, ?3, ?4, ?5, {JournalFormat.SerializerId}, ?6)
                """);
            save = Prepare(
                $"""
                INSERT OR REPLACE INTO snapshot (persistence_id, sequence_number, created, snapshot, manifest, serializer_id)
                VALUES (?1, ?2, ?3, ?4, ?5, {JournalFormat.SerializerId})
                """);
            prune = Prepare("DELETE FROM snapshot WHERE persistence_id = ?1 AND sequence_number < ?2");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Another process that opens or closes the file at this moment holds a lock for which SQLite itself does not wait.</summary>
    private void UseWal(TimeSpan patience)
    {
        for (var started = Stopwatch.GetTimestamp(); ;)
        {
            try
            {
                handle.Execute("PRAGMA journal_mode = WAL");
                return;
            }
            catch (SqliteException e) when (e.SqliteErrorCode == SQLitePCL.raw.SQLITE_BUSY && Stopwatch.GetElapsedTime(started) < patience)
            {
                Thread.Sleep(10);
            }
        }
    }

    public void Begin() => begin.Run();

    public void Commit() => commit.Run();

    public long ReadHead(string log)
    {
        head.Bind(1, log);
        try
        {
            return head.Step() ? head.Int64(0) : 0;
        }
        finally
        {
            head.Reset();
        }
    }

    public void Insert(string log, long seq, long createdTicks, string manifest, ReadOnlySpan<byte> payload, Guid writer)
    {
        insert.Bind(1, log);
        insert.Bind(2, seq);
        insert.Bind(3, createdTicks);
        insert.Bind(4, payload);
        insert.Bind(5, manifest);
        insert.Bind(6, writer);
        insert.Run();
    }

    public void Save(StoredSnapshot snapshot)
    {
        save.Bind(1, snapshot.Log);
        save.Bind(2, snapshot.Seq);
        save.Bind(3, snapshot.At.UtcTicks);
        save.Bind(4, snapshot.State);
        save.Bind(5, snapshot.Manifest);
        save.Run();
        prune.Bind(1, snapshot.Log);
        prune.Bind(2, snapshot.Seq);
        prune.Run();
    }

    public void Dispose()
    {
        statements.ForEach(statement => statement.Dispose());
        handle.Dispose();
    }

    private SqliteStatement Prepare(string sql)
    {
        var statement = handle.Prepare(sql);
        statements.Add(statement);
        return statement;
    }

    private long ReadPageSize()
    {
        using var statement = handle.Prepare("PRAGMA page_size");
        statement.Step();
        return statement.Int64(0);
    }
}
