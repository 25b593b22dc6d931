using Chat.Actors.Delivery;
using Chat.Actors.Persistence;
using Chat.Actors.Runtime;
using Chat.Protocol;
using Microsoft.Extensions.Logging;

namespace Chat.Actors.Sessions;

/// <summary>
/// One session: decide, persist, apply, reply, publish. It goes on deciding on the tentative state while appends are under way, and
/// nobody is told anything that rests on an event before that event is durable. A refused or unconfirmed append drops the tentative
/// state; what waited is decided again on the state that the log tells.
/// </summary>
#pragma warning disable CA1001 // The token source has no timer and no wait handle: nothing to dispose of.
internal sealed partial class SessionActor : Actor<SessionMessage>
#pragma warning restore CA1001
{
    /// <summary>One append in the journal's running commit and one in the group that gathers behind it.</summary>
    private const int MaxInFlight = 2;

    /// <summary>Appends that were not confirmed: five in a row mean that the storage cannot be relied on.</summary>
    private const int MaxFailures = 5;

    /// <summary>
    /// Appends that came second. Each time another node has got on, so nothing is wrong; of two nodes that fight over a session one loses fifty rounds in a row
    /// only where it is much the slower one.
    /// </summary>
    private const int MaxConflicts = 50;

    private static readonly TimeSpan RecoveryRetry = TimeSpan.FromSeconds(1);
    private static readonly Rejected Unavailable = new(ErrorCode.StorageUnavailable, "The storage did not confirm in time", TimeSpan.FromSeconds(1));

    /// <summary>Another node may be able to.</summary>
    private static readonly Rejected Unreadable = new(ErrorCode.StorageUnavailable, "This node's version cannot read the session", TimeSpan.FromSeconds(1));

    /// <summary>Another node has asked and given up, or may have done it before what the session remembers.</summary>
    private static readonly Rejected TooLate = new(ErrorCode.StorageUnavailable, "Not done in time", TimeSpan.FromSeconds(1));

    internal static readonly Rejected Upgrading = new(ErrorCode.ClusterUnavailable, "Not before all nodes have been upgraded", TimeSpan.FromSeconds(30));

    private readonly SessionId _id;
    private readonly SessionServices _services;
    private readonly Queue<AppendBatch> _inFlight = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly SessionScope _scope;
    private readonly SessionLog _log;
    private AppendChain _chain;
    private AppendBatch? _building;
    private SessionState? _state;
    private long _snapshotSeq;
    private bool _mustReset;

    /// <summary>A try to read the log again is on its way: its <see cref="Recover"/> will come.</summary>
    private bool _recovering;

    /// <summary>Why the log could not be read in this group, or null: each command that asked the storage again would wait for a time-out of its own.</summary>
    private Rejected? _away;

    /// <summary>The state has been held against the log's head in this group.</summary>
    private bool _isCurrent;

    /// <summary>Seq up to which readers have been given the log; -1 before the first recovery.</summary>
    private long _published = -1;

    /// <summary>Seq of the last event up to <see cref="_published"/> that the native face shows.</summary>
    private long _publishedNative;

    /// <summary>By node, the last of its rows that has ended here.</summary>
    private readonly Dictionary<string, long> _overRows = new(StringComparer.Ordinal);

    /// <summary>Resets under way: one may come while another decides again what waited.</summary>
    private int _resets;

    /// <summary>Writers and seqs of what the resets under way have found in the log.</summary>
    private readonly HashSet<(Guid Writer, long Seq)> _found = [];

    public SessionActor(SessionId id, SessionServices services)
        : base(capacity: 10_000, groupSize: 500)
    {
        _id = id;
        _services = services;
        _chain = new AppendChain(id.Value);
        _scope = new SessionScope(id);
        _log = new SessionLog(id, services, _scope);
    }

    protected override bool IsIdle => _inFlight.Count == 0 && _building is null && !_mustReset && !_recovering;

    protected override void OnStop() => _stopping.Cancel();

    /// <summary>True when there is no such session: such an actor need not stay.</summary>
    public bool IsEmpty => _state is { Exists: false };

    protected override async ValueTask ReceiveAsync(IReadOnlyList<SessionMessage> messages)
    {
        _away = null;
        _isCurrent = !_services.IsShared;
        if (_mustReset)
        {
            await ResetAsync();
        }
        foreach (var message in messages)
        {
            switch (message)
            {
                case AppendDone:
                    await CompleteAsync();
                    break;
                case Waiting waiting:
                    await HandleAsync(waiting);
                    break;
                case Recover:
                    _recovering = false;
                    if (_state is null)
                    {
                        await RecoverAsync();
                    }
                    break;
            }
        }
        Submit();
    }

    protected override IDisposable? BeginScope() => _services.Logger.BeginScope(_scope);

    protected override void OnFault(Exception fault, IReadOnlyList<SessionMessage> messages)
    {
        LogFault(_services.Logger, fault, _id.Value);
        foreach (var waiting in messages.OfType<Waiting>().Where(w => !w.IsPlaced))
        {
            Fail(waiting, fault);
        }
        if (_recovering && messages.OfType<Recover>().Any())
        {
            // It was not reached.
            _ = RetryRecoveryAsync();
        }
        if (_inFlight.Count == 0 && _building is null)
        {
            _state = null;
            return;
        }
        _mustReset = true;
        PostOwn(new Recover());
    }

    private async ValueTask HandleAsync(Waiting waiting)
    {
        if (!await EnsureStateAsync())
        {
            Refuse(waiting, _away!);
            return;
        }
        if (waiting is Read read)
        {
            if (!await EnsureCurrentAsync())
            {
                Refuse(waiting, _away!);
                return;
            }
            var view = _state!.Exists ? _state.ToView() : null;
            AnswerWhenDurable(read, () => read.Answer(view));
            return;
        }
        var ask = (Ask)waiting;
        MessageFacts? target = null;
        if (MessageRules.UnknownTargetOf(_state!, ask.Command) is { } id)
        {
            // A message older than the state remembers: the history knows it, once what is under way has reached it. The whole session waits for that, so it is
            // asked for nobody who may not read.
            await SettleAsync();
            if (!await EnsureStateAsync())
            {
                Refuse(ask, _away!);
                return;
            }
            try
            {
                target = await _services.FindMessage(_id, id);
            }
            catch (JournalUnavailableException)
            {
                Refuse(ask, Unavailable);
                return;
            }
            catch (Exception e)
            {
                // The state is whole: the fault is this command's alone.
                LogFault(_services.Logger, e, _id.Value);
                Fail(ask, e);
                return;
            }
        }
        if (IsTooLate(ask))
        {
            Refuse(ask, TooLate);
            return;
        }
        var (reply, events) = _state!.Decide(ask.Command, _services.Time.GetUtcNow(), target);
        if (events.Count == 0 && !_isCurrent && _state.Head is var decidedAt)
        {
            // An append would tell that others have been here; what needs none is decided on the log as it is now.
            if (!await EnsureCurrentAsync())
            {
                Refuse(ask, _away!);
                return;
            }
            if (_state!.Head != decidedAt)
            {
                // From the beginning: what is asked of the history depends on the state as well.
                await HandleAsync(ask);
                return;
            }
        }
        if (events.Count == 0)
        {
            Trace(ask);
            AnswerWhenDurable(ask, () => ask.Answer(reply));
            return;
        }
        if (!events.All(_services.Events.CanWrite))
        {
            ask.Refuse(Upgrading);
            return;
        }
        _building ??= new AppendBatch(_chain, _state.Head);
        foreach (var e in events)
        {
            var previous = _state.NativeHead;
            _state.Apply(e);
            _building.Events.Add(e);
            _building.Encoded.Add(new EncodedEvent(_state.Head, previous, e));
        }
        Trace(ask);
        _building.Add(ask, () => ask.Answer(reply));
    }

    /// <summary>
    /// What two nodes may have been asked for is not done twice, nor after what its client sent later. Another node's is left to it; what has come back from one is done late only
    /// where it is sure to be known if that one has done it: both of these leave an event, or change nothing.
    /// </summary>
    private bool IsTooLate(Ask ask)
    {
        var isLate = _services.Time.GetElapsedTime(ask.PostedAt) > _services.GoodFor;
        return ask.From is { } from
            ? isLate || _overRows.TryGetValue(from.Name, out var over) && from.Row <= over
            : isLate && ask.Command.CommandId is not null && !(ask.Command is PostMessage or CreateSession && _state!.Done.ReachesBackTo(ask.At - _services.GoodFor));
    }

    private void Refuse(Waiting waiting, Rejected rejected)
    {
        EndRow(waiting);
        waiting.Refuse(rejected);
    }

    private void Fail(Waiting waiting, Exception fault)
    {
        EndRow(waiting);
        waiting.Fail(fault);
    }

    /// <summary>The node that asked does it itself, and after it what follows in its row.</summary>
    private void EndRow(Waiting waiting)
    {
        if (waiting is Ask { From: { } from })
        {
            _overRows[from.Name] = Math.Max(from.Row, _overRows.GetValueOrDefault(from.Name));
        }
    }

    private void Trace(Ask ask)
    {
        if (_state is { Exists: true })
        {
            _scope.TraceId = _state.Created.TraceId;
            ask.Span?.SetTag(ChatActivity.TraceTag, _scope.TraceId);
        }
    }

    /// <summary>What was decided on tentative events is told only when they are durable.</summary>
    private void AnswerWhenDurable(Waiting waiting, Action answer)
    {
        if ((_building ?? _inFlight.LastOrDefault()) is { } last)
        {
            last.Add(waiting, answer);
        }
        else
        {
            answer();
        }
    }

    /// <summary>Waits until nothing is under way. The state may have been lost meanwhile.</summary>
    private async ValueTask SettleAsync()
    {
        while (_building is not null || _inFlight.Count > 0)
        {
            if (_inFlight.Count == 0)
            {
                Submit();
            }
            await _inFlight.Peek().Append;
            await CompleteAsync();
        }
    }

    private void Submit()
    {
        if (_building is not { } batch || _inFlight.Count >= MaxInFlight)
        {
            return;
        }
        if (_state!.IsSnapshotDue(_snapshotSeq, _services.SnapshotEvery))
        {
            _snapshotSeq = _state.Head;
            batch.Snapshot = _state.ToSnapshot();
        }
        _building = null;
        _inFlight.Enqueue(batch);
        batch.Append = AppendAsync(batch);
    }

    private async Task AppendAsync(AppendBatch batch)
    {
        await _log.AppendAsync(batch).ConfigureAwait(false);
        PostOwn(new AppendDone());
    }

    /// <summary>Ends the appends that are done, oldest first: the journal takes them in their order, but their answers run on threads of their own.</summary>
    private async ValueTask CompleteAsync()
    {
        while (_inFlight.TryPeek(out var batch) && batch.IsDone)
        {
            if (batch.Result != AppendResult.Committed)
            {
                await ResetAsync();
                return;
            }
            _inFlight.Dequeue();
            var last = batch.Encoded[^1];
            (_published, _publishedNative) = (last.Seq, NativeView.Shows(last.Event) ? last.Seq : last.Previous);
            batch.AnswerAll();
            _services.Publish(_id, batch.Encoded);
            if (batch.Snapshot is { } snapshot)
            {
                // Not in the session's turn: writing a large one takes milliseconds.
                _ = Task.Run(() => _log.SaveAsync(snapshot));
            }
        }
    }

    /// <summary>Drops the tentative state and decides what waited again. What was stored after all is answered and published.</summary>
    private async ValueTask ResetAsync()
    {
        _mustReset = false;
        if (_building is { } building)
        {
            _building = null;
            _inFlight.Enqueue(building);
        }
        var batches = _inFlight.ToList();
        await Task.WhenAll(batches.Select(batch => batch.Append));
        _inFlight.Clear();
        _state = null;
        _chain = new AppendChain(_id.Value);
        foreach (var waiting in batches.SelectMany(batch => batch.Waiting))
        {
            waiting.IsPlaced = false;
        }
        _resets++;
        try
        {
            var isRead = await RecoverAsync();
            foreach (var batch in batches)
            {
                await EndAsync(batch, isRead);
            }
        }
        catch (Exception e)
        {
            // Nobody but this reset knows of them any more.
            foreach (var waiting in batches.SelectMany(batch => batch.Waiting).Where(waiting => !waiting.IsPlaced))
            {
                Fail(waiting, e);
            }
            throw;
        }
        finally
        {
            if (--_resets == 0)
            {
                _found.Clear();
            }
        }
    }

    /// <summary>Answers those who waited on a dropped append, or decides their commands again.</summary>
    private async ValueTask EndAsync(AppendBatch batch, bool isRead)
    {
        if (WasStored(batch))
        {
            batch.AnswerAll();
            return;
        }
        foreach (var (waiting, answer) in batch.Answers)
        {
            // One that timed out may have been committed after the log was read: then it is why the next one was refused, and no second event must come of it.
            if (waiting.Unconfirmed?.Find(earlier => WasStored(earlier.Batch)) is { Batch: not null } stored)
            {
                stored.Answer();
            }
            else if (batch.Fault is { } fault)
            {
                Fail(waiting, fault);
            }
            else if (!isRead || (batch.Result == AppendResult.Conflict ? ++waiting.Conflicts > MaxConflicts : ++waiting.Failures > MaxFailures))
            {
                Refuse(waiting, _away ?? Unavailable);
            }
            else
            {
                if (batch is { IsDone: true, Result: null })
                {
                    (waiting.Unconfirmed ??= []).Add((batch, answer));
                }
                await HandleAsync(waiting);
            }
        }
    }

    /// <summary>An append is all or nothing: where its first event is, there are the others.</summary>
    private bool WasStored(AppendBatch batch) =>
        batch.Result == AppendResult.Committed || _found.Contains((batch.Chain.WriterId, batch.ExpectedHead + 1));

    private async ValueTask<bool> EnsureStateAsync() => _state is not null || _away is null && await RecoverAsync();

    /// <summary>
    /// Reads the state from the log, or what others have appended to it since, and publishes what readers have not been given yet. Nothing is under way. False
    /// where the storage does not answer: a state that is lost is then tried again until it does, so that readers do not wait for the next command.
    /// </summary>
    private async ValueTask<bool> RecoverAsync()
    {
        try
        {
            var read = await _log.ReadAsync(_state, _published, _publishedNative);
            if (_state is null)
            {
                _state = read.State;
                _snapshotSeq = read.SnapshotSeq;
            }
            (_published, _publishedNative) = (_state.Head, _state.NativeHead);
            if (_resets > 0)
            {
                _found.UnionWith(read.Writers);
            }
            if (read.Unpublished.Count > 0)
            {
                _services.Publish(_id, read.Unpublished);
            }
            return true;
        }
        catch (JournalUnavailableException e)
        {
            _away = Unavailable;
            if (e.InnerException is EventFormatException)
            {
                _away = Unreadable;
                LogUnreadable(_services.Logger, _id.Value, e.Message);
            }
            if (_state?.Head == _published)
            {
                return false;
            }
            // Some of what was to be published has been applied to it.
            _state = null;
            if (!_recovering && _published >= 0 && !_stopping.IsCancellationRequested)
            {
                _recovering = true;
                _ = RetryRecoveryAsync();
            }
            return false;
        }
    }

    /// <summary>
    /// Brings the state up to the log's head, where other nodes may have appended. What waits on an append needs it not: that is committed at the head, or decided again. False
    /// where the storage does not answer.
    /// </summary>
    private async ValueTask<bool> EnsureCurrentAsync()
    {
        if (_isCurrent || _building is not null || _inFlight.Count > 0)
        {
            return true;
        }
        return _isCurrent = _away is null && await RecoverAsync();
    }

    private async Task RetryRecoveryAsync()
    {
        await Task.Delay(RecoveryRetry, _services.Time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        PostOwn(new Recover());
    }

    [LoggerMessage(104, LogLevel.Error, "Session {Session} cannot be opened here: {Reason}")]
    private static partial void LogUnreadable(ILogger logger, string session, string reason);

    [LoggerMessage(100, LogLevel.Error, "Session {Session} failed and starts again from its log")]
    internal static partial void LogFault(ILogger logger, Exception fault, string session);
}
