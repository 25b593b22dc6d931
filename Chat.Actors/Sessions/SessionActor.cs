using System.Diagnostics;
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

    /// <summary>Two nodes that fight over a session each make progress; five lost rounds in a row mean that something else is wrong.</summary>
    private const int MaxFailures = 5;

    private const int PageSize = 500;

    private static readonly TimeSpan RecoveryRetry = TimeSpan.FromSeconds(1);
    private static readonly Rejected Unavailable = new(ErrorCode.StorageUnavailable, "The storage did not confirm in time", TimeSpan.FromSeconds(1));

    private readonly SessionId _id;
    private readonly SessionServices _services;
    private readonly Queue<AppendBatch> _inFlight = [];
    private readonly CancellationTokenSource _stopping = new();
    private AppendChain _chain;
    private AppendBatch? _building;
    private SessionState? _state;
    private long _snapshotSeq;
    private bool _mustReset;
    private bool _recovering;

    /// <summary>Seq up to which readers have been given the log; -1 before the first recovery.</summary>
    private long _published = -1;

    public SessionActor(SessionId id, SessionServices services)
        : base(capacity: 10_000, groupSize: 500)
    {
        _id = id;
        _services = services;
        _chain = new AppendChain(id.Value);
    }

    protected override bool IsIdle => _inFlight.Count == 0 && _building is null && !_mustReset && !_recovering;

    protected override void OnStop() => _stopping.Cancel();

    /// <summary>True when there is no such session: such an actor need not stay.</summary>
    public bool IsEmpty => _state is { Exists: false };

    protected override async ValueTask ReceiveAsync(IReadOnlyList<SessionMessage> messages)
    {
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
                    await EnsureStateAsync();
                    break;
            }
        }
        Submit();
    }

    protected override void OnFault(Exception fault, IReadOnlyList<SessionMessage> messages)
    {
        LogFault(_services.Logger, fault, _id.Value);
        foreach (var waiting in messages.OfType<Waiting>().Where(w => !w.IsPlaced))
        {
            waiting.Fail(fault);
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
            waiting.Refuse(Unavailable);
            return;
        }
        if (waiting is Read read)
        {
            var view = _state!.Exists ? _state.ToView() : null;
            AnswerWhenDurable(read, () => read.Answer(view));
            return;
        }
        var ask = (Ask)waiting;
        MessageFacts? target = null;
        if (TargetOf(ask.Command) is { } id && _state!.Messages.Find(id) is null && _state.FindRun(id) is null && _state.Exists && _state.MayRead(ask.Command.Caller))
        {
            try
            {
                target = await FindOlderAsync(id);
            }
            catch (JournalUnavailableException)
            {
                ask.Refuse(Unavailable);
                return;
            }
        }
        var (reply, events) = _state!.Decide(ask.Command, _services.Time.GetUtcNow(), target);
        if (events.Count == 0)
        {
            AnswerWhenDurable(ask, () => ask.Answer(reply));
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
        _building.Add(ask, () => ask.Answer(reply));
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

    private static MessageId? TargetOf(SessionCommand command) => command switch
    {
        EditMessage c => c.MessageId,
        DeleteMessage c => c.MessageId,
        React c => c.MessageId,
        StopRun c => c.MessageId,
        _ => null,
    };

    /// <summary>
    /// A message older than the state remembers: the history knows it, once what is under way has reached it. Everyone in the session waits for that, so it is
    /// looked up for nobody who may not read.
    /// </summary>
    private async ValueTask<MessageFacts?> FindOlderAsync(MessageId id)
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
        return await _services.FindMessage(_id, id);
    }

    private void Submit()
    {
        if (_building is not { } batch || _inFlight.Count >= MaxInFlight)
        {
            return;
        }
        if (_state!.Head - _snapshotSeq >= _services.SnapshotEvery)
        {
            _snapshotSeq = _state.Head;
            batch.Snapshot = new StoredSnapshot(_id.Value, _state.Head, _state.LastAt, SessionSnapshot.Manifest, _state.ToSnapshot().ToBytes());
        }
        _building = null;
        _inFlight.Enqueue(batch);
        batch.Append = AppendAsync(batch);
    }

    private async Task AppendAsync(AppendBatch batch)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            batch.Result = await _services.Journal.AppendAsync(batch.Chain, batch.ExpectedHead, batch.Events).ConfigureAwait(false);
        }
        catch (JournalUnavailableException e)
        {
            LogUnconfirmed(_services.Logger, e, _id.Value);
        }
        ChatMetrics.AppendDuration.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
        ChatMetrics.Appends.Add(1, new KeyValuePair<string, object?>(ChatMetrics.Status, batch.Result switch
        {
            AppendResult.Committed => "committed",
            AppendResult.Conflict => "conflict",
            AppendResult.Broken => "broken",
            _ => "unconfirmed",
        }));
        if (batch.Result == AppendResult.Committed)
        {
            ChatMetrics.AppendedEvents.Add(batch.Events.Count);
        }
        batch.IsDone = true;
        PostOwn(new AppendDone());
    }

    /// <summary>
    /// Answers what has been appended, oldest first: the ends of two appends in flight may be told in the other order.
    /// </summary>
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
            _published = batch.ExpectedHead + batch.Events.Count;
            batch.AnswerAll();
            _services.Publish(_id, batch.Encoded);
            if (batch.Snapshot is { } snapshot)
            {
                _ = SaveSnapshotAsync(snapshot);
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
        var chain = _chain;
        _chain = new AppendChain(_id.Value);

        List<StoredEvent>? stored;
        try
        {
            stored = await RecoverAsync();
        }
        catch (EventFormatException e)
        {
            foreach (var waiting in batches.SelectMany(batch => batch.Waiting))
            {
                waiting.Fail(e);
            }
            throw;
        }
        foreach (var batch in batches)
        {
            if (batch.Result == AppendResult.Committed
                || stored?.Find(e => e.Seq == batch.ExpectedHead + 1) is { } first && first.WriterId == chain.WriterId)
            {
                batch.AnswerAll();
                continue;
            }
            foreach (var waiting in batch.Waiting)
            {
                waiting.IsPlaced = false;
                if (stored is null || ++waiting.Failures > MaxFailures)
                {
                    waiting.Refuse(Unavailable);
                }
                else
                {
                    await HandleAsync(waiting);
                }
            }
        }
    }

    private async ValueTask<bool> EnsureStateAsync() => _state is not null || await RecoverAsync() is not null;

    /// <summary>
    /// Reads the state from the log and publishes what readers have not been given yet. Returns the events read from where they were
    /// left, or null where the storage does not answer: then it is tried again until it does, so that readers do not wait for the next command.
    /// </summary>
    private async ValueTask<List<StoredEvent>?> RecoverAsync()
    {
        try
        {
            return await ReadLogAsync();
        }
        catch (JournalUnavailableException)
        {
            if (!_recovering && _published >= 0 && !_stopping.IsCancellationRequested)
            {
                _recovering = true;
                _ = RetryRecoveryAsync();
            }
            return null;
        }
    }

    private async Task RetryRecoveryAsync()
    {
        await Task.Delay(RecoveryRetry, _services.Time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        PostOwn(new Recover());
    }

    private async ValueTask<List<StoredEvent>> ReadLogAsync()
    {
        var journal = _services.Journal;
        var (state, from) = (new SessionState(), 0L);
        if (await journal.ReadSnapshotAsync(_id.Value, long.MaxValue, default) is { Manifest: SessionSnapshot.Manifest } stored)
        {
            state = SessionState.FromSnapshot(SessionSnapshot.FromBytes(stored.State));
            from = stored.Seq;
        }
        _snapshotSeq = from;
        if (_published >= 0)
        {
            from = Math.Min(from, _published);
        }
        var events = new List<StoredEvent>();
        var unpublished = new List<EncodedEvent>();
        var native = from == state.Head ? state.NativeHead : 0;
        while (true)
        {
            var page = await journal.ReadAsync(_id.Value, from, PageSize, default);
            foreach (var e in page)
            {
                from = e.Seq;
                if (e.Seq > state.Head)
                {
                    state.Apply(e.Event!);
                }
                if (_published >= 0 && e.Seq > _published)
                {
                    events.Add(e);
                    unpublished.Add(new EncodedEvent(e.Seq, native, e.Event!));
                }
                native = NativeView.Shows(e.Event!) ? e.Seq : native;
            }
            if (page.Count < PageSize)
            {
                break;
            }
        }
        _state = state;
        _published = state.Head;
        if (unpublished.Count > 0)
        {
            _services.Publish(_id, unpublished);
        }
        return events;
    }

    private async Task SaveSnapshotAsync(StoredSnapshot snapshot)
    {
        try
        {
            await _services.Journal.SaveSnapshotAsync(snapshot, default).ConfigureAwait(false);
        }
        catch (JournalUnavailableException e)
        {
            LogSnapshot(_services.Logger, e, _id.Value);
        }
    }

    [LoggerMessage(100, LogLevel.Error, "Session {Session} failed and starts again from its log")]
    private static partial void LogFault(ILogger logger, Exception fault, string session);

    [LoggerMessage(101, LogLevel.Warning, "An append of session {Session} was not confirmed")]
    private static partial void LogUnconfirmed(ILogger logger, Exception fault, string session);

    [LoggerMessage(102, LogLevel.Warning, "A snapshot of session {Session} was not kept")]
    private static partial void LogSnapshot(ILogger logger, Exception fault, string session);
}
