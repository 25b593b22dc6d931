using Chat.Actors.Delivery;
using Chat.Actors.Persistence;
using Microsoft.Extensions.Logging;

namespace Chat.Actors.Cluster;

/// <summary>
/// Looks into the journal for events that the bus has not brought: the last one of a session leaves no hole in <c>seq</c> to be noticed by. Readers who missed
/// something page it.
/// </summary>
public sealed partial class HeadWatch : IAsyncDisposable
{
    /// <summary>Sessions asked about at once.</summary>
    private const int PageSize = 1_000;

    private readonly IJournal _journal;
    private readonly SessionHubs _hubs;
    private readonly INodeBus _bus;
    private readonly HeadWatchOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _watching;

    public HeadWatch(IJournal journal, SessionHubs hubs, INodeBus bus, HeadWatchOptions options, TimeProvider time, ILogger logger)
    {
        _journal = journal;
        _hubs = hubs;
        _bus = bus;
        _options = options;
        _time = time;
        _logger = logger;
        _watching = Runtime.Detached.Run(WatchAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _watching;
        _stopping.Dispose();
    }

    private async Task WatchAsync()
    {
        // Heads of the round before: what was committed by then has been offered to every live reader by now, unless it was lost.
        var seen = new Dictionary<SessionHub, long>();
        var awayAt = _time.GetTimestamp();
        while (!_stopping.IsCancellationRequested)
        {
            if (!_bus.IsUp)
            {
                awayAt = _time.GetTimestamp();
            }
            // What was lost on the way out and back is looked for as soon as what was not sent.
            var isSettled = _time.GetElapsedTime(awayAt) >= _options.SettledAfter;
            await Task.Delay(isSettled ? _options.Interval : _options.IntervalWithoutBus, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                foreach (var (hub, head) in seen)
                {
                    hub.NoteHead(head);
                }
                seen.Clear();
                foreach (var page in _hubs.All.Chunk(PageSize))
                {
                    var heads = await _journal.ReadHeadsAsync([.. page.Select(hub => hub.Session.Value)], _stopping.Token);
                    for (var i = 0; i < page.Length; i++)
                    {
                        seen[page[i]] = heads[i];
                    }
                }
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (JournalUnavailableException e)
            {
                LogAway(_logger, e.Message);
            }
        }
    }

    [LoggerMessage(603, LogLevel.Debug, "The heads of the sessions cannot be read: {Reason}")]
    private static partial void LogAway(ILogger logger, string reason);
}

public sealed record HeadWatchOptions
{
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>So long after the bus has come back it is trusted again.</summary>
    public TimeSpan SettledAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>While the bus is away, this is how other nodes' events come at all; three times this is how late they are at most.</summary>
    public TimeSpan IntervalWithoutBus { get; init; } = TimeSpan.FromMilliseconds(250);
}
