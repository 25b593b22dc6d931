using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Chat.Actors.Persistence;

/// <summary>The one connection that writes to the file, on a thread of its own, so that an fsync blocks nobody else.</summary>
internal sealed partial class SqliteWriter : IAsyncDisposable
{
    // Of 4 KiB each: a checkpoint, with its two fsyncs in the middle of the writer's work, comes every 16 MiB instead of every 4.
    private const int CheckpointPages = 4096;

    private readonly string path;
    private readonly JournalOptions options;
    private readonly WriteQueue queue;
    private readonly ILogger logger;
    private readonly Thread thread;
    private readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Heads as of the group's transaction, and the chains that it has broken so far.
    private readonly Dictionary<string, long> heads = new(StringComparer.Ordinal);
    private readonly HashSet<AppendChain> broken = [];
    private SqliteWriteConnection? connection;

    /// <exception cref="SqliteException">The file cannot be opened.</exception>
    public SqliteWriter(string path, JournalOptions options, WriteQueue queue, ILogger logger)
    {
        this.path = path;
        this.options = options;
        this.queue = queue;
        this.logger = logger;
        connection = new SqliteWriteConnection(path, options, CheckpointPages);
        thread = new Thread(Run) { Name = "sqlite-journal", IsBackground = true };
        thread.Start();
    }

    /// <summary>Accepts no more, and completes when all that was queued is done.</summary>
    public async ValueTask DisposeAsync()
    {
        queue.Close();
        await stopped.Task.ConfigureAwait(false);
        await queue.WhenAnsweredAsync().ConfigureAwait(false);
    }

    private void Run()
    {
        while (queue.Take() is { } group)
        {
            try
            {
                Commit(group);
            }
            catch (Exception e)
            {
                GiveUp(group, e);
                continue;
            }
            queue.Announce(group);
        }
        connection?.Dispose();
        stopped.SetResult();
    }

    private void Commit(List<PendingWrite> group)
    {
        heads.Clear();
        broken.Clear();
        connection ??= new SqliteWriteConnection(path, options, CheckpointPages);
        connection.Begin();
        foreach (var write in group)
        {
            switch (write)
            {
                case PendingAppend append:
                    append.Result = Append(connection, append);
                    break;
                case PendingSnapshot pending:
                    connection.Save(pending.Snapshot);
                    break;
            }
        }
        connection.Commit();
    }

    private AppendResult Append(SqliteWriteConnection open, PendingAppend append)
    {
        var (chain, log) = (append.Chain, append.Chain.Log);
        if (chain.IsBroken || broken.Contains(chain))
        {
            return AppendResult.Broken;
        }
        if (!heads.TryGetValue(log, out var head))
        {
            head = open.ReadHead(log);
        }
        if (head != append.ExpectedHead)
        {
            broken.Add(chain);
            heads[log] = head;
            return AppendResult.Conflict;
        }
        foreach (var (manifest, payload) in append.Rows)
        {
            open.Insert(log, ++head, append.CreatedTicks, manifest, payload, chain.WriterId);
        }
        heads[log] = head;
        return AppendResult.Committed;
    }

    /// <summary>Whatever failed, nothing of the group is called stored, and the next group begins on a fresh connection.</summary>
    private void GiveUp(List<PendingWrite> group, Exception cause)
    {
        LogCommitFailed(logger, group.Count, cause);
        // Closing rolls back what is open.
        connection?.Dispose();
        connection = null;
        foreach (var write in group)
        {
            write.Fail($"SQLite did not commit: {cause.Message}", cause);
        }
    }

    [LoggerMessage(2001, LogLevel.Error, "SQLite did not commit a group of {Count} writes")]
    private static partial void LogCommitFailed(ILogger logger, int count, Exception cause);
}
