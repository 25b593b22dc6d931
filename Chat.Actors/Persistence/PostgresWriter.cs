using Microsoft.Extensions.Logging;
using Npgsql;

namespace Chat.Actors.Persistence;

/// <summary>The loop that commits this node's appends, one group after the other, on one connection.</summary>
internal sealed partial class PostgresWriter : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly NpgsqlDataSource source;
    private readonly JournalOptions options;
    private readonly WriteQueue queue;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly CancellationTokenSource closing = new();
    private readonly Task running;
    private PostgresWriteConnection? connection;

    /// <param name="source">Without a pool: every connection is a new one.</param>
    public PostgresWriter(NpgsqlDataSource source, JournalOptions options, WriteQueue queue, TimeProvider time, ILogger logger)
    {
        this.source = source;
        this.options = options;
        this.queue = queue;
        this.time = time;
        this.logger = logger;
        running = Task.Run(RunAsync);
    }

    /// <summary>Accepts no more, and completes when all that was queued is done.</summary>
    public async ValueTask DisposeAsync()
    {
        queue.Close();
        // A pause before the next attempt ends at once; a commit does not.
        await closing.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(false);
        await queue.WhenAnsweredAsync().ConfigureAwait(false);
        closing.Dispose();
        if (connection is not null)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task RunAsync()
    {
        var pause = TimeSpan.Zero;
        while (await queue.TakeAsync().ConfigureAwait(false) is { } group)
        {
            try
            {
                await CommitAsync(group).ConfigureAwait(false);
                pause = TimeSpan.Zero;
            }
            catch (Exception e)
            {
                await GiveUpAsync(group, e).ConfigureAwait(false);
                pause = pause == TimeSpan.Zero ? FirstPause : TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks));
                // What arrives meanwhile gathers, and is tried after it.
                await Task.Delay(pause, time, closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }
            queue.Announce(group);
        }
    }

    private async Task CommitAsync(List<PendingWrite> group)
    {
        using var deadline = new CancellationTokenSource(options.AppendTimeout, time);
        var plans = LogPlan.Of(group);
        await ConnectAsync(deadline.Token).ConfigureAwait(false);
        var open = await connection!.StoreAsync(plans, deadline.Token).ConfigureAwait(false);
        if (open.Count > 0)
        {
            await ConnectAsync(deadline.Token).ConfigureAwait(false);
            await connection.InsertAsync(open, deadline.Token).ConfigureAwait(false);
            await connection.CommitAsync(deadline.Token).ConfigureAwait(false);
        }
        plans.ForEach(plan => plan.Settle());
    }

    private async Task ConnectAsync(CancellationToken cancellation)
    {
        if (connection is not { IsOpen: true })
        {
            await DropConnectionAsync().ConfigureAwait(false);
            connection = await PostgresWriteConnection.OpenAsync(source, options.AppendTimeout, cancellation).ConfigureAwait(false);
        }
    }

    private async Task GiveUpAsync(List<PendingWrite> group, Exception cause)
    {
        LogCommitFailed(logger, group.Count, cause);
        foreach (var write in group)
        {
            write.Fail($"PostgreSQL did not confirm: {cause.Message}", cause);
        }
        await DropConnectionAsync().ConfigureAwait(false);
    }

    private async Task DropConnectionAsync()
    {
        if (connection is null)
        {
            return;
        }
        var dropped = connection;
        connection = null;
        try
        {
            await dropped.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // It was broken already.
            LogCloseFailed(logger, e);
        }
    }

    [LoggerMessage(2011, LogLevel.Error, "PostgreSQL did not confirm a group of {Count} appends")]
    private static partial void LogCommitFailed(ILogger logger, int count, Exception cause);

    [LoggerMessage(2014, LogLevel.Debug, "A broken connection could not be closed")]
    private static partial void LogCloseFailed(ILogger logger, Exception cause);
}
