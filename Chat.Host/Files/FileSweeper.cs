using Chat.Actors.Persistence;
using Chat.Actors.Runtime;
using Chat.Host.Configuration;

namespace Chat.Host.Files;

/// <summary>
/// Removes from the store what no message has: uploads that were refused at their end, and files of messages that were deleted. Every node may do it: they take
/// the same things away, and each only once.
/// </summary>
internal sealed partial class FileSweeper(ChatOptions options, ChatNode node, IFileStore store, IncomingFiles incoming, TimeProvider time, ILogger<FileSweeper> logger) : BackgroundService
{
    /// <summary>Of names in one question to the read model.</summary>
    private const int Batch = 500;

    /// <summary>Enough for any sweep; more wait for the next one.</summary>
    private const int Remembered = 100_000;

    /// <summary>What was an orphan at the last sweep. Only one that is so again goes: a read model that is being rebuilt has no files for a moment.</summary>
    private HashSet<BlobName> _orphans = [];

    /// <returns>How much was removed from the store.</returns>
    /// <exception cref="JournalUnavailableException" />
    /// <exception cref="FileStoreException" />
    public async Task<int> SweepAsync(CancellationToken cancellation)
    {
        var since = time.GetUtcNow() - options.Files.OrphanAge;
        RemoveLeft(since);
        var removed = 0;
        HashSet<BlobName> orphans = [];
        var batch = new List<BlobName>(Batch);
        await foreach (var entry in store.ListAsync(cancellation))
        {
            if (entry.WrittenAt > since)
            {
                continue;
            }
            batch.Add(entry.Name);
            if (batch.Count == Batch)
            {
                removed += await SweepAsync(batch, orphans, since, cancellation);
                batch.Clear();
            }
        }
        removed += await SweepAsync(batch, orphans, since, cancellation);
        _orphans = orphans;
        ChatMetrics.FilesSwept.Add(removed);
        if (removed > 0)
        {
            LogSwept(logger, removed);
        }
        return removed;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!node.IsAlone && options.Files is { Storage: FileStorage.Disk, Path: null })
        {
            LogOwnFolder(logger);
        }
        using var timer = new PeriodicTimer(options.Files.SweepInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Whatever it is, it must not end the node.
                LogFailed(logger, e);
            }
        }
    }

    private async Task<int> SweepAsync(List<BlobName> names, HashSet<BlobName> orphans, DateTimeOffset since, CancellationToken cancellation)
    {
        if (names.Count == 0)
        {
            return 0;
        }
        await node.ReadModel.WaitUntilCurrentAsync(cancellation);
        var kept = await node.ReadModel.FindHashesAsync([.. names.Select(name => name.Hash).Distinct()], cancellation);
        var removed = 0;
        foreach (var name in names.Where(name => !kept.Contains(name.Hash)))
        {
            if (!_orphans.Contains(name))
            {
                if (orphans.Count < Remembered)
                {
                    orphans.Add(name);
                }
            }
            else if (await store.RemoveAsync(name, since, cancellation))
            {
                removed++;
            }
        }
        return removed;
    }

    private void RemoveLeft(DateTimeOffset since)
    {
        try
        {
            if (incoming.RemoveLeft(since) is var left and > 0)
            {
                LogLeft(logger, left);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another process on the same folder was at the same one; or the folder cannot be written, as uploads say themselves.
            LogFailed(logger, e);
        }
    }

    [LoggerMessage(700, LogLevel.Information, "{Count} files that no message has were removed")]
    private static partial void LogSwept(ILogger logger, int count);

    [LoggerMessage(701, LogLevel.Information, "{Count} unfinished uploads were removed")]
    private static partial void LogLeft(ILogger logger, int count);

    [LoggerMessage(704, LogLevel.Warning, "This node is one of several and keeps files under its own data-path, where the others do not find them: set chat.files.path to a folder that all share, or use S3")]
    private static partial void LogOwnFolder(ILogger logger);

    [LoggerMessage(702, LogLevel.Warning, "The files could not be searched for what no message has; the next try comes by itself")]
    private static partial void LogFailed(ILogger logger, Exception fault);
}
