using System.Data.Common;
using System.Diagnostics;
using System.Threading.Channels;
using Chat.Actors.Runtime;
using Chat.Protocol;
using Microsoft.Extensions.Logging;

namespace Chat.Actors.Persistence;

/// <summary>
/// Tails the log and fills the read model. Each batch and the offset it leads to are one transaction, and the offset is compared before it is set: each
/// event counts once, however many projectors run. In a cluster one node projects; the others stand by and follow its offset.
/// </summary>
public sealed partial class Projector : IAsyncDisposable
{
    private static readonly TimeSpan StandbyPoll = TimeSpan.FromMilliseconds(250);

    /// <summary>While someone waits: for another node's projector, or for the journal to know that no transaction can commit below the newest event.</summary>
    private static readonly TimeSpan QuickPoll = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly ReadDatabase _database;
    private readonly IJournal _journal;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Channel<bool> _hurry = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ITimer _timer;
    private readonly ITimer _gathered;
    private readonly ProjectedPosition _position;
    private readonly BatchWriter _writer;
    private Task? _loop;
    private long _setAside;
    private TimeSpan _pause = ShortestPause;
    private long? _outageSince;

    public Projector(ReadDatabase database, IJournal journal, TimeProvider time, ILogger<Projector> log)
    {
        _database = database;
        _journal = journal;
        _time = time;
        _log = log;
        _position = new ProjectedPosition(time);
        _writer = new BatchWriter(database, time);
        _timer = time.CreateTimer(_ => Wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _gathered = time.CreateTimer(_ => _hurry.Writer.TryWrite(true), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _journal.Committed += Wake;
    }

    /// <summary>Ordering of the last event that the read model shows, as this node knows it. A rebuild sets it back.</summary>
    public long Position => _position.Value;

    /// <summary>Events that this process has set aside.</summary>
    public long SetAsideCount => Interlocked.Read(ref _setAside);

    /// <summary>Whether this node projects, or stands by.</summary>
    public bool IsLeading { get; private set; }

    public void Start() => _loop ??= Task.Run(RunAsync);

    /// <summary>True as soon as the read model shows the event of that ordering; false where the time ran out first.</summary>
    public ValueTask<bool> WaitAsync(long ordering, TimeSpan timeout, CancellationToken cancellation = default) =>
        _position.WaitAsync(ordering, timeout, Hurry, cancellation);

    /// <summary>
    /// Empties everything but the read markers, and returns when it is filled again as far as the log went at the call. What is interrupted goes on from
    /// where it came to: at the next start, or in the process that projects at the moment, which notices the offset set back.
    /// </summary>
    /// <param name="progress">Orderings: shown so far, and to be reached.</param>
    /// <exception cref="JournalUnavailableException" />
    /// <exception cref="DbException">The read model's database; nothing is emptied then.</exception>
    public async Task RebuildAsync(IProgress<(long Position, long Target)>? progress, CancellationToken cancellation)
    {
        var target = await _journal.ReadLastOrderingAsync(cancellation);
        await using (var connection = await _database.OpenAsync(cancellation))
        {
            await using var transaction = await _database.BeginWriteAsync(connection, cancellation);
            await _database.ExecuteAsync(
                transaction,
                [
                    // First, so that a batch in flight is either wholly before the emptying or refused.
                    new("UPDATE chat_projection SET ordering = 0 WHERE name = $1", [ReadDatabase.Projection], MustChange: true),
                    .. _database.Empty(ReadDatabase.RefilledTables),
                ],
                cancellation);
            await transaction.CommitAsync(cancellation);
        }
        _position.MoveTo(0);
        Start();
        Wake();
        while (true)
        {
            progress?.Report((Position, target));
            // A batch that ended as the offset was set back may still be about to report the place it had reached: the stored offset decides.
            if (await WaitAsync(target, TimeSpan.FromSeconds(1), cancellation) && await StoredOffsetAsync(cancellation) is var offset && offset >= target)
            {
                progress?.Report((offset, target));
                return;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _journal.Committed -= Wake;
        if (_stop.IsCancellationRequested)
        {
            return;
        }
        await _stop.CancelAsync();
        if (_loop is not null)
        {
            await _loop;
        }
        await _timer.DisposeAsync();
        await _gathered.DisposeAsync();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await using var connection = await _database.OpenAsync(_stop.Token);
                try
                {
                    await FollowAsync(connection);
                }
                finally
                {
                    await StopLeadingAsync(connection);
                }
            }
            catch (Exception e) when (_stop.IsCancellationRequested)
            {
                LogStopped(_log, e);
                return;
            }
            // The loop is the only one there is: whatever stops it would stop every list and page, so nothing may.
            catch (Exception e)
            {
                if (_outageSince is null)
                {
                    _outageSince = _time.GetTimestamp();
                    LogOutage(_log, e);
                }
                await PauseAsync();
            }
        }
    }

    private async Task<long> StoredOffsetAsync(CancellationToken cancellation)
    {
        await using var connection = await _database.OpenAsync(cancellation);
        return await ReadDatabase.ReadOffsetAsync(connection, cancellation);
    }

    private async Task FollowAsync(DbConnection connection)
    {
        var cancellation = _stop.Token;
        long? known = null;
        while (true)
        {
            if (!IsLeading && await _database.TryLeadAsync(connection, cancellation))
            {
                IsLeading = true;
                known = null;
            }
            var position = known ?? await ReadDatabase.ReadOffsetAsync(connection, cancellation);
            _position.MoveTo(position);
            if (IsLeading)
            {
                var events = await _journal.ReadAllAsync(position, _database.BatchSize, cancellation);
                Recovered();
                if (events.Count > 0)
                {
                    var setAside = await _writer.WriteAsync(connection, position, events, cancellation);
                    known = setAside is null ? null : events[^1].Ordering;
                    CountSetAside(setAside ?? []);
                    if (events.Count < _database.BatchSize)
                    {
                        await GatherAsync();
                    }
                    continue;
                }
            }
            Recovered();
            known = null;
            await SleepAsync(_position.IsAwaited ? QuickPoll : IsLeading ? _database.Poll : StandbyPoll);
        }
    }

    private void Wake() => _wake.Writer.TryWrite(true);

    private void Hurry()
    {
        _hurry.Writer.TryWrite(true);
        Wake();
    }

    /// <summary>Commits do not shorten it; whoever waits for the position does.</summary>
    private async Task GatherAsync()
    {
        _hurry.Reader.TryRead(out _);
        if (!_position.IsAwaited)
        {
            _gathered.Change(_database.GatherTime, Timeout.InfiniteTimeSpan);
            await _hurry.Reader.ReadAsync(_stop.Token);
        }
    }

    private async Task SleepAsync(TimeSpan longest)
    {
        _timer.Change(longest, Timeout.InfiniteTimeSpan);
        await _wake.Reader.ReadAsync(_stop.Token);
    }

    /// <summary>Wakes do not shorten it: an outage is when most of them come.</summary>
    private async Task PauseAsync()
    {
        try
        {
            await Task.Delay(_pause, _time, _stop.Token);
        }
        catch (OperationCanceledException)
        {
            Debug.Assert(_stop.IsCancellationRequested);
        }
        _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
    }

    private async Task StopLeadingAsync(DbConnection connection)
    {
        if (!IsLeading)
        {
            return;
        }
        IsLeading = false;
        try
        {
            await _database.StopLeadingAsync(connection);
        }
        catch (Exception e) when (e is DbException or InvalidOperationException)
        {
            // A broken connection: the lock went with it.
            LogNotReleased(_log, e);
        }
    }

    private void Recovered()
    {
        _pause = ShortestPause;
        if (_outageSince is { } since)
        {
            _outageSince = null;
            LogRecovered(_log, _time.GetElapsedTime(since).TotalSeconds);
        }
    }

    private void CountSetAside(IReadOnlyList<(StoredEvent Event, string Error)> setAside)
    {
        foreach (var (stored, error) in setAside)
        {
            Interlocked.Increment(ref _setAside);
            ChatMetrics.PoisonEvents.Add(1);
            LogSetAside(_log, stored.Ordering, stored.Log, stored.Seq, error);
        }
    }

    [LoggerMessage(3001, LogLevel.Error, "The read model stands still, lists and pages with it; trying on")]
    private static partial void LogOutage(ILogger log, Exception e);

    [LoggerMessage(3002, LogLevel.Information, "The read model moves again after {Seconds:F1} s")]
    private static partial void LogRecovered(ILogger log, double seconds);

    [LoggerMessage(3004, LogLevel.Debug, "The projector's lock was not given back")]
    private static partial void LogNotReleased(ILogger log, Exception e);

    [LoggerMessage(3005, LogLevel.Debug, "The projector stopped in the middle of something")]
    private static partial void LogStopped(ILogger log, Exception e);

    [LoggerMessage(3003, LogLevel.Error, "Set aside the event at ordering {Ordering} ({Log} seq {Seq}), which the read model cannot show: {Error}")]
    private static partial void LogSetAside(ILogger logger, long ordering, string log, long seq, string error);
}
