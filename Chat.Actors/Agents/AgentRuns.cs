using Chat.Actors.Runtime;
using Chat.Actors.Sessions;
using Chat.Protocol;
using Microsoft.Extensions.Logging;

namespace Chat.Actors.Agents;

/// <summary>
/// Runs the agents' answers of one node: one after another within a session, side by side over sessions. Holds nothing for a session without a
/// running answer; which answers wait is the log's to know.
/// </summary>
public sealed partial class AgentRuns : IAsyncDisposable
{
    // Sessions loaded from the log at once while runs are taken over.
    private const int Loads = 16;

    private readonly AgentRunContext _context;
    private readonly Func<string, bool> _isAlive;
    private readonly Lock _gate = new();
    private readonly Dictionary<SessionId, Lane> _lanes = [];
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Answers that outside agents stream through sockets of this process: they are nobody's left-overs.</summary>
    private readonly HashSet<MessageId> _outside = [];

    /// <param name="findAgent">Null for an id that is not configured: its runs end as failed.</param>
    /// <param name="isAlive">Whether a node of that name goes on with what it writes.</param>
    public AgentRuns(
        ISessionGateway gateway, IConversation conversation, Func<int, IAgent?> findAgent, AgentRunOptions options, TimeProvider time, ILogger<AgentRuns> logger,
        Func<string, bool>? isAlive = null)
    {
        _context = new AgentRunContext(gateway, conversation, findAgent, options, time, logger);
        _isAlive = isAlive ?? (node => node == options.Node);
    }

    /// <summary>Sessions with a worker; for metrics and tests.</summary>
    public int ActiveSessions
    {
        get
        {
            lock (_gate)
            {
                return _lanes.Count;
            }
        }
    }

    /// <summary>Takes over what a crash of this node, or of the one that had its sessions before, left open.</summary>
    public async Task StartAsync(IOpenRuns openRuns, CancellationToken cancellation = default)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _stopping.Token);
        await TakeOverAsync(await Backoff.ReadAsync(openRuns.ReadAsync, _context.Time, either.Token), either.Token);
    }

    /// <summary>
    /// Claims the sessions' first open runs, also running ones that no living node writes. One that an outside agent streamed through a socket of a node that
    /// is gone ends as interrupted. Returns when each session is under way, not when its runs have ended.
    /// </summary>
    public async Task TakeOverAsync(IReadOnlyList<SessionId> sessions, CancellationToken cancellation = default)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _stopping.Token);
        await Parallel.ForEachAsync(sessions, new ParallelOptions { MaxDegreeOfParallelism = Loads, CancellationToken = either.Token }, async (session, stop) =>
        {
            try
            {
                var view = await Backoff.ReadAsync(stop => _context.Gateway.ReadAsync(session, stop), _context.Time, stop);
                if (view is { OpenRuns.Count: > 0 })
                {
                    Wake(session, takeOver: true);
                }
            }
            catch (Exception e) when (!stop.IsCancellationRequested)
            {
                // One session that cannot be read must not keep the others' answers waiting.
                LogWorkerFailed(_context.Logger, e, session);
            }
        });
    }

    /// <summary>Told of every committed batch, in the log's order within a session. Cheap, does not block, never throws.</summary>
    /// <param name="here">
    /// This node appended the batch: then it starts what waits. Every other node only closes a provider whose run has ended or been taken over; if two
    /// nodes started the same run, one would take it from the other.
    /// </param>
    public void Observe(SessionId session, IReadOnlyList<SessionEvent> committed, bool here = true)
    {
        for (var i = 0; i < committed.Count; i++)
        {
            if (here && committed[i] is StreamEnded end)
            {
                ChatMetrics.AgentRuns.Add(1, new KeyValuePair<string, object?>(ChatMetrics.Status, end.Status));
            }
            switch (committed[i])
            {
                case StreamStarted { StreamedBy: not null } outside when here:
                    lock (_gate)
                    {
                        _outside.Add(outside.MessageId);
                    }
                    break;
                case RunQueued when here:
                    Wake(session);
                    break;
                case StreamEnded { StreamedBy: not null } outside:
                    lock (_gate)
                    {
                        _outside.Remove(outside.MessageId);
                    }
                    break;
                case StreamEnded ended:
                    Cancel(session, ended.MessageId, int.MaxValue);
                    if (here)
                    {
                        Wake(session);
                    }
                    break;
                case RunClaimed claimed when claimed.Node != _context.Options.Node:
                    Cancel(session, claimed.MessageId, claimed.Epoch);
                    break;
            }
        }
    }

    /// <summary>Closes the providers and waits for that. Open runs stay open in the log: the next start or another node goes on with them.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await IdleAsync();
    }

    /// <summary>Until no session has a worker.</summary>
    internal async Task IdleAsync()
    {
        while (true)
        {
            Task[] workers;
            lock (_gate)
            {
                workers = [.. _lanes.Values.Select(lane => lane.Worker)];
            }
            if (workers.Length == 0)
            {
                return;
            }
            await Task.WhenAll(workers);
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private void Wake(SessionId session, bool takeOver = false)
    {
        lock (_gate)
        {
            if (_stopping.IsCancellationRequested)
            {
                return;
            }
            var isNew = !_lanes.TryGetValue(session, out var lane);
            lane ??= _lanes[session] = new Lane();
            lane.Signals++;

            // What runs here is not left over from anyone, and neither is what comes after it.
            lane.TakeOver |= takeOver && lane.Current is null;
            if (isNew)
            {
                lane.Worker = Detached.Run(() => WorkAsync(session, lane));
            }
        }
    }

    /// <param name="below">Only a run of a lower epoch; one whose claim is not answered yet may turn out to be the higher one.</param>
    private void Cancel(SessionId session, MessageId run, int below)
    {
        lock (_gate)
        {
            if (_lanes.TryGetValue(session, out var lane) && lane.Current is { } current && current.Id == run
                && (below == int.MaxValue || (current.Epoch > 0 && current.Epoch < below)))
            {
                // Not in the caller's turn: what hangs on the token closes sockets.
                _ = lane.Cancellation!.CancelAsync();
            }
        }
    }

    private async Task WorkAsync(SessionId session, Lane lane)
    {
        var scope = new SessionScope(session);
        using var logged = _context.Logger.BeginScope(scope);
        try
        {
            (MessageId Run, int Signals)? tried = null;
            while (Look(lane) is var (signals, takeOver))
            {
                var view = await Backoff.ReadAsync(stop => _context.Gateway.ReadAsync(session, stop), _context.Time, _stopping.Token);
                scope.TraceId = view?.TraceId;
                if (takeOver && view is not null)
                {
                    await EndOrphansAsync(session, lane, view.OpenRuns);
                }

                // A running answer has an owner, unless the caller of TakeOverAsync knows better. A run that could not be had is tried again only after news.
                if (view?.OpenRuns.FirstOrDefault(run => run.StreamedBy is null) is { } run && (run.StartSeq == 0 || takeOver && IsLeftOver(run)) && tried != (run.MessageId, signals))
                {
                    tried = (run.MessageId, signals);
                    await ExecuteAsync(session, lane, run.MessageId);
                }
                else if (Leave(session, lane, signals))
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            Leave(session, lane, null);
        }
        catch (Exception e)
        {
            LogWorkerFailed(_context.Logger, e, session);
            Leave(session, lane, null);
        }
    }

    /// <summary>What outside agents streamed through sockets that went with another process is over.</summary>
    private async Task EndOrphansAsync(SessionId session, Lane lane, IReadOnlyList<OpenRun> runs)
    {
        foreach (var run in runs.Where(run => run.StreamedBy is not null))
        {
            bool isOurs;
            lock (_gate)
            {
                // The node that has the agent's socket may be another than the one that appended the beginning, which is where it was noted.
                isOurs = run.Node is { } node ? _isAlive(node) : _outside.Contains(run.MessageId);
            }
            if (!isOurs)
            {
                await ExecuteAsync(session, lane, run.MessageId);
            }
        }
    }

    /// <summary>A run that this node itself claimed is one as well: its worker has ended without an end of the run.</summary>
    private bool IsLeftOver(OpenRun run) => run.Node is null || run.Node == _context.Options.Node || !_isAlive(run.Node);

    private (int Signals, bool TakeOver) Look(Lane lane)
    {
        lock (_gate)
        {
            var takeOver = lane.TakeOver;
            lane.TakeOver = false;
            return (lane.Signals, takeOver);
        }
    }

    /// <summary>False where there has been news since the worker looked.</summary>
    private bool Leave(SessionId session, Lane lane, int? signals)
    {
        lock (_gate)
        {
            return (signals is null || lane.Signals == signals) && _lanes.Remove(session);
        }
    }

    private async Task ExecuteAsync(SessionId session, Lane lane, MessageId id)
    {
        var run = new AgentRun(session, id, _context);
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        lock (_gate)
        {
            (lane.Current, lane.Cancellation, lane.TakeOver) = (run, cancellation, false);
        }
        try
        {
            await run.ExecuteAsync(cancellation.Token);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            LogCancelled(_context.Logger, session, id);
        }
        catch (Exception e)
        {
            LogRunFailed(_context.Logger, e, session, id);
        }
        finally
        {
            lock (_gate)
            {
                (lane.Current, lane.Cancellation) = (null, null);
            }
        }
    }

    /// <summary>One session's worker.</summary>
    private sealed class Lane
    {
        /// <summary>Rises with every event that may give the worker something to do.</summary>
        public int Signals { get; set; }

        public bool TakeOver { get; set; }
        public AgentRun? Current { get; set; }
        public CancellationTokenSource? Cancellation { get; set; }
        public Task Worker { get; set; } = Task.CompletedTask;
    }

    [LoggerMessage(410, LogLevel.Debug, "Run {Run} of session {Session} is no longer streamed here")]
    private static partial void LogCancelled(ILogger logger, SessionId session, MessageId run);

    [LoggerMessage(411, LogLevel.Error, "Run {Run} of session {Session} failed")]
    private static partial void LogRunFailed(ILogger logger, Exception error, SessionId session, MessageId run);

    [LoggerMessage(412, LogLevel.Error, "The answers of session {Session} stand still until its next message")]
    private static partial void LogWorkerFailed(ILogger logger, Exception error, SessionId session);
}
