using Chat.Actors.Delivery;
using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Protocol;
using Chat.Tests.Support;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.Delivery;

/// <summary>
/// A session's log, its publication and its fan-out, one step at a time on the test's own thread: what is committed is not yet published, what is published
/// not yet offered. While a reader waits for the session or the journal, other steps may come between.
/// </summary>
internal sealed class DeliveryWorld : ISessionGateway
{
    private static readonly Caller Agent = new("bot", "Bot", IsAgent: true);

    private readonly string _session;

    private readonly SessionState _state = NewSession();
    private readonly Queue<IReadOnlyList<EncodedEvent>> _committed = new();
    private readonly Queue<IReadOnlyList<EncodedEvent>> _published = new();
    private bool _isBetween;

    public DeliveryWorld(string session = "s1")
    {
        _session = session;
        Hub = new SessionHub(new SessionId(session), [], new LastSeen(), TimeProvider.System);
        Journal.Add(session, [_state.Created]);
        _state.Accept(new AddMember { Caller = Kim, Member = new Member("bot", "Bot") });
        Journal.Add(session, [new MemberAdded { At = Noon, Member = new Member("bot", "Bot"), By = "kim" }]);
    }

    /// <summary>Has no subscriber of its own: the test does the fan-out.</summary>
    public SessionHub Hub { get; }

    public HandJournal Journal { get; } = new();

    public List<Subscriber> Subscribers { get; } = [];

    /// <summary>What happens while a reader waits.</summary>
    public Action Between { get; set; } = () => { };

    public IReadOnlyList<StoredEvent> Log => Journal.Log(_session);

    public IReadOnlyList<Run> OpenRuns => _state.Runs;

    public void Post(string content = "hello") => Commit(Commands.Post(content));

    public MessageId StartStream()
    {
        var id = MessageId.New();
        Commit(new StartStream { Caller = Agent, MessageId = id, AnyRole = true });
        return id;
    }

    public void Chunk(MessageId id, string content = "word ") => Commit(new AppendChunk { Caller = Agent, MessageId = id, Content = content });

    public void EndStream(MessageId id) => Commit(new EndStream { Caller = Agent, MessageId = id, Status = StreamStatus.Complete });

    /// <summary>Durable from here on, and told to nobody.</summary>
    public void Commit(params SessionCommand[] commands)
    {
        var batch = new List<EncodedEvent>();
        foreach (var command in commands)
        {
            foreach (var e in _state.Decide(command, Noon).Events)
            {
                var previous = _state.NativeHead;
                _state.Apply(e);
                batch.Add(new EncodedEvent(_state.Head, previous, e));
            }
        }
        if (batch.Count > 0)
        {
            Journal.Add(_session, [.. batch.Select(e => e.Event)]);
            _committed.Enqueue(batch);
        }
    }

    /// <summary>The session gives its oldest batch to the hub.</summary>
    public void Publish()
    {
        if (_committed.TryDequeue(out var batch))
        {
            Hub.Publish(batch);
            _published.Enqueue(batch);
        }
    }

    /// <summary>The hub offers its oldest batches to every subscriber, those that wait in one.</summary>
    public void FanOut()
    {
        if (_published.Count > 0)
        {
            var batch = new EventBatch([.. _published.SelectMany(events => events)]);
            _published.Clear();
            foreach (var subscriber in Subscribers)
            {
                try
                {
                    subscriber.Offer(batch);
                }
                catch (InvalidOperationException)
                {
                    subscriber.SetBack();
                }
            }
        }
    }

    public void FanOutAll()
    {
        while (_committed.Count + _published.Count > 0)
        {
            Publish();
            FanOut();
        }
    }

    public ValueTask<SessionView?> ReadAsync(SessionId session, CancellationToken cancellation = default)
    {
        var view = _state.ToView();
        ComeBetween();
        return new ValueTask<SessionView?>(view);
    }

    public ValueTask<Reply> AskAsync(SessionId session, SessionCommand command, CancellationToken cancellation = default) => throw new NotSupportedException();

    public void ComeBetween()
    {
        if (!_isBetween)
        {
            _isBetween = true;
            Between();
            _isBetween = false;
        }
    }
}
