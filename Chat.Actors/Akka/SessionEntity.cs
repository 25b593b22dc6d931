using System.Diagnostics;
using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.Persistence;
using Chat.Actors.Cluster;
using Chat.Actors.Delivery;
using Chat.Actors.Persistence;
using Chat.Actors.Runtime;
using Chat.Actors.Sessions;
using Chat.Protocol;
using Microsoft.Extensions.Logging;

namespace Chat.Actors.AkkaEngine;

/// <summary>
/// One session as a sharded persistent actor: decide, persist, apply, reply, publish. Commands that come while a write is under way are decided together for the next one. A
/// write that is refused or not confirmed ends the actor, as Akka.Persistence has it; what waits is sent again by its askers, to the one that starts anew from the log.
/// </summary>
internal sealed partial class SessionEntity : UntypedPersistentActor
{
    /// <summary>Events of one write.</summary>
    private const int MostAtOnce = 500;

    /// <summary>A name that leads to no session is let go sooner, so that guessing them fills no memory.</summary>
    private static readonly TimeSpan EmptyIdle = TimeSpan.FromSeconds(5);

    private static readonly Rejected Unavailable = new(ErrorCode.StorageUnavailable, "The storage did not answer in time", TimeSpan.FromSeconds(1));

    private readonly SessionId _id;
    private readonly SessionServices _services;
    private readonly SessionEntities _entities;
    private readonly Dictionary<string, AskerRow> _rows = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _overRows = new(StringComparer.Ordinal);
    private readonly Queue<Waiting> _waiting = [];
    private SessionState _state = new();
    private long _snapshotSeq;
    private Write? _writing;
    private bool _isLookingUp;
    private bool _isStopping;

    public SessionEntity(string id, SessionServices services, SessionEntities entities)
    {
        (_id, _services, _entities) = (new SessionId(id), services, entities);
        Recovery = entities.ReadsSnapshotOf(_id) ? Recovery.Default : new Recovery(SnapshotSelectionCriteria.None);
    }

    public override string PersistenceId => _id.Value;

    public override Recovery Recovery { get; }

    protected override void PreStart()
    {
        _entities.Add(_id);
        base.PreStart();
    }

    protected override void PostStop()
    {
        _entities.Remove(_id);
        _writing?.Span?.Dispose();
        // Their askers send them again. What was stored after all is known by its command's id.
        foreach (var waiting in (_writing?.Answers ?? []).Select(answer => answer.Waiting).Concat(_waiting))
        {
            waiting.Refuse();
        }
        base.PostStop();
    }

    protected override void OnRecover(object message)
    {
        switch (message)
        {
            case SnapshotOffer offer:
                _snapshotSeq = offer.Metadata.SequenceNr;
                _state = Restore(offer.Snapshot);
                break;
            case SessionEvent e:
                _state.Apply(e);
                break;
            case LoggedEvent logged:
                _state.Apply(logged.Event);
                break;
            case RecoveryCompleted:
                _services.Recovered?.Invoke(_id, _state.Head);
                Context.SetReceiveTimeout(_state.Exists ? null : EmptyIdle);
                break;
        }
    }

    private SessionState Restore(object snapshot)
    {
        try
        {
            return SessionState.FromSnapshot((SessionSnapshot)snapshot);
        }
        catch (Exception e)
        {
            _entities.PassOverSnapshotOf(_id);
            throw new JournalUnavailableException("The session's snapshot cannot be read, so the log is", e);
        }
    }

    protected override void OnCommand(object message)
    {
        switch (message)
        {
            case SessionAsk ask:
                Take(ask);
                break;
            case Found found when _isLookingUp:
                _isLookingUp = false;
                Work(DecideOn(found));
                return;
            case Stop:
                _isStopping = true;
                break;
            case ReceiveTimeout when _state.Exists:
                Context.SetReceiveTimeout(null);
                return;
            case ReceiveTimeout:
                Context.Parent.Tell(new Passivate(Stop.Instance));
                return;
            case SaveSnapshotSuccess saved:
                _entities.ReadSnapshotOf(_id);
                DeleteSnapshots(new SnapshotSelectionCriteria(saved.Metadata.SequenceNr - 1));
                return;
            case SaveSnapshotFailure failed:
                // Losing one loses nothing but time.
                LogSnapshot(_services.Logger, failed.Cause, _id.Value);
                return;
            default:
                return;
        }
        Work();
    }

    protected override void OnPersistFailure(Exception cause, object @event, long sequenceNr) => LogUnconfirmed(_services.Logger, cause, _id.Value, sequenceNr);

    /// <summary>Not even tried: the state holds what is not in the log.</summary>
    protected override void OnPersistRejected(Exception cause, object @event, long sequenceNr) =>
        throw new JournalUnavailableException($"Event {sequenceNr} of session {_id} was not taken by the journal", cause);

    protected override void OnRecoveryFailure(Exception reason, object? message = null) => LogUnreadable(_services.Logger, reason, _id.Value);

    private void Take(SessionAsk ask)
    {
        if (!_rows.TryGetValue(ask.Asker, out var row))
        {
            _rows[ask.Asker] = row = new AskerRow(_entities.TransitFrom(ask.Asker));
        }
        switch (row.Take(ask.Row, ask.Place, ask.SentAt, SessionAsker.GoodFor, isReadable: ask.Command is not null))
        {
            case AskerRow.Verdict.Act:
                _waiting.Enqueue(new Waiting(ask, Sender, _services.Time.GetTimestamp()));
                break;
            case AskerRow.Verdict.Refuse:
                Sender.Tell(SessionAnswer.NotDone(ask));
                break;
        }
    }

    /// <summary>Decides what waits, unless it is to wait for what is under way.</summary>
    /// <param name="write">What has been decided already and is not written; null for nothing.</param>
    private void Work(Write? write = null)
    {
        if (_writing is not null || _isLookingUp)
        {
            return;
        }
        write ??= new Write();
        while (!_isStopping && write.Events.Count < MostAtOnce && _waiting.TryPeek(out var next))
        {
            if (MessageRules.UnknownTargetOf(_state, next.Command) is { } message)
            {
                // The history knows it, once what was decided before is in the log.
                if (write.Events.Count == 0)
                {
                    LookUp(message);
                }
                break;
            }
            Decide(_waiting.Dequeue(), target: null, write);
        }
        if (write.Events.Count > 0)
        {
            Begin(write);
        }
        else if (_isStopping)
        {
            Context.Stop(Self);
        }
    }

    private void LookUp(MessageId message)
    {
        _isLookingUp = true;
        FindAsync(message).PipeTo(Self);
    }

    private async Task<Found> FindAsync(MessageId message)
    {
        try
        {
            return new Found(await _services.FindMessage(_id, message).ConfigureAwait(false), null);
        }
        catch (Exception e)
        {
            return new Found(null, e);
        }
    }

    private Write DecideOn(Found found)
    {
        var (waiting, write) = (_waiting.Dequeue(), new Write());
        switch (found.Fault)
        {
            case null:
                Decide(waiting, found.Facts, write);
                break;
            case JournalUnavailableException:
                waiting.Answer(Unavailable);
                break;
            default:
                LogFault(_services.Logger, found.Fault, _id.Value);
                waiting.Fail(found.Fault);
                break;
        }
        return write;
    }

    private void Decide(Waiting waiting, MessageFacts? target, Write write)
    {
        if (IsTooLate(waiting))
        {
            waiting.Refuse();
            return;
        }
        Decision decision;
        List<LoggedEvent> events;
        try
        {
            decision = _state.Decide(waiting.Command, _services.Time.GetUtcNow(), target);
            events = [.. decision.Events.Select(Encode)];
        }
        catch (EventFormatException)
        {
            waiting.Answer(SessionActor.Upgrading);
            return;
        }
        catch (Exception e)
        {
            // The state is whole: the fault is this command's alone.
            LogFault(_services.Logger, e, _id.Value);
            waiting.Fail(e);
            return;
        }
        foreach (var e in events)
        {
            var previous = _state.NativeHead;
            _state.Apply(e.Event);
            write.Events.Add(e);
            write.Published.Add(new EncodedEvent(_state.Head, previous, e.Event));
        }
        if (write.Events.Count == 0)
        {
            waiting.Answer(decision.Reply, TraceId);
        }
        else
        {
            // It may rest on what is not in the log yet.
            write.Answers.Add((waiting, decision.Reply));
        }
    }

    private string? TraceId => _state.Exists ? _state.Created.TraceId : null;

    /// <summary>Its asker may have sent it again, and what comes now is decided now. Nor is what came after it in its row: that is sent again behind it.</summary>
    private bool IsTooLate(Waiting waiting)
    {
        var (asker, row) = (waiting.Ask.Asker, waiting.Ask.Row);
        if (_overRows.TryGetValue(asker, out var over) && row <= over)
        {
            return true;
        }
        if (_services.Time.GetElapsedTime(waiting.Since) <= SessionAsker.GoodFor)
        {
            return false;
        }
        _overRows[asker] = row;
        return true;
    }

    private LoggedEvent Encode(SessionEvent e)
    {
        var (manifest, payload) = _services.Events.Encode(e);
        return new LoggedEvent(e, manifest, payload);
    }

    /// <summary>One atomic write. The state is ahead of the log until it has ended, and is lost with the actor if it fails.</summary>
    private void Begin(Write write)
    {
        _writing = write;
        write.Span = ChatActivity.Source.HasListeners()
            ? ChatActivity.StartAppend(write.Answers.Select(answer => answer.Waiting.Span), _id.Value, _state.Created.TraceId, write.Events.Count)
            : null;
        // The actor's other messages are not of this span.
        Activity.Current = null;
        var left = write.Events.Count;
        PersistAllAsync(write.Events, _ =>
        {
            if (--left == 0)
            {
                End(write);
            }
        });
    }

    private void End(Write write)
    {
        ChatMetrics.AppendDuration.Record(Stopwatch.GetElapsedTime(write.Since).TotalSeconds);
        ChatMetrics.Appends.Add(1, new KeyValuePair<string, object?>(ChatMetrics.Status, "committed"));
        ChatMetrics.AppendedEvents.Add(write.Events.Count);
        write.Span?.Dispose();
        _writing = null;
        foreach (var (waiting, reply) in write.Answers)
        {
            waiting.Answer(reply, TraceId);
        }
        _services.Publish(_id, write.Published);
        if (_state.IsSnapshotDue(_snapshotSeq, _services.SnapshotEvery))
        {
            _snapshotSeq = _state.Head;
            SaveSnapshot(_state.ToSnapshot());
        }
        Work();
    }

    /// <summary>To be let go, once what is under way has ended: passivation and a shard that moves send it.</summary>
    public sealed class Stop
    {
        public static readonly Stop Instance = new();
    }

    private sealed record Found(MessageFacts? Facts, Exception? Fault);

    /// <param name="Since">Timestamp of its arrival.</param>
    private sealed record Waiting(SessionAsk Ask, IActorRef Asker, long Since)
    {
        public SessionCommand Command => Ask.Command!;

        public ActivityContext Span => ActivityContext.TryParse(Ask.Span, null, isRemote: true, out var context) ? context : default;

        public void Answer(Reply reply, string? traceId = null) =>
            Asker.Tell(new SessionAnswer(Ask.Session, Ask.Row, Ask.Number, reply, TraceId: Ask.Span.Length > 0 ? traceId : null));

        public void Refuse() => Asker.Tell(SessionAnswer.NotDone(Ask));

        public void Fail(Exception fault) => Asker.Tell(new SessionAnswer(Ask.Session, Ask.Row, Ask.Number, Reply: null, fault.Message));
    }

    private sealed class Write
    {
        public List<LoggedEvent> Events { get; } = [];

        /// <summary>The same events as readers will get them.</summary>
        public List<EncodedEvent> Published { get; } = [];

        public List<(Waiting Waiting, Reply Reply)> Answers { get; } = [];

        /// <summary>Null while nobody traces.</summary>
        public Activity? Span { get; set; }

        public long Since { get; } = Stopwatch.GetTimestamp();
    }

    [LoggerMessage(120, LogLevel.Warning, "A write of session {Session} at {Seq} was refused or not confirmed: it starts again from its log")]
    private static partial void LogUnconfirmed(ILogger logger, Exception fault, string session, long seq);

    [LoggerMessage(121, LogLevel.Warning, "Session {Session} cannot be read from its log now")]
    private static partial void LogUnreadable(ILogger logger, Exception fault, string session);

    [LoggerMessage(122, LogLevel.Error, "A command to session {Session} failed")]
    private static partial void LogFault(ILogger logger, Exception fault, string session);

    [LoggerMessage(123, LogLevel.Warning, "A snapshot of session {Session} was not kept")]
    private static partial void LogSnapshot(ILogger logger, Exception fault, string session);
}
