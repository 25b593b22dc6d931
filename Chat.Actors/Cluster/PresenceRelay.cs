using System.Collections.Concurrent;
using Chat.Actors.Delivery;
using Chat.Protocol;

namespace Chat.Actors.Cluster;

/// <summary>
/// Makes one presence of those of all nodes. A node that begins to listen to a session asks the others whom they have in it; from then on each tells its changes, and
/// now and then the whole, since the bus may lose one. What a node had goes with it when it leaves the registry.
/// </summary>
public sealed class PresenceRelay : IPresenceListener, IAsyncDisposable
{
    private const string Everyone = "presence";

    private readonly INodeBus _bus;
    private readonly INodeRegistry _registry;
    private readonly SessionHubs _hubs;
    private readonly PresenceRelayOptions _options;
    private readonly TimeProvider _time;
    private readonly IDisposable[] _inboxes;
    private readonly ConcurrentDictionary<long, Question> _questions = new();

    /// <summary>Nodes that have told something, and for how many ticks each has been missing in the registry.</summary>
    private readonly ConcurrentDictionary<string, int> _heard = new(StringComparer.Ordinal);

    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _ticking;
    private IReadOnlyList<string> _nodes;
    private long _last;

    public PresenceRelay(INodeBus bus, INodeRegistry registry, SessionHubs hubs, PresenceRelayOptions options, TimeProvider time)
    {
        _bus = bus;
        _registry = registry;
        _hubs = hubs;
        _options = options;
        _time = time;
        _nodes = Names();
        _inboxes = [bus.Subscribe(Everyone, TakeAny), bus.Subscribe(InboxOf(registry.Self), TakeAnswer)];
        hubs.LastSeen.Tell = (session, userId, at) => _bus.Publish(Everyone, new PresenceNote.Seen(session.Value, userId, at).Encode());
        bus.Restored += LearnAll;
        registry.Changed += DropGone;
        _ticking = Runtime.Detached.Run(TickAsync);
    }

    /// <summary>For <see cref="SessionHubs.Connect"/>.</summary>
    public IDisposable Connect(SessionHub hub)
    {
        var subscription = _bus.Subscribe(TopicOf(hub.Session), message => Take(hub, PresenceNote.Decode(message)));
        hub.OthersKnown = LearnAsync(hub);
        return subscription;
    }

    public void Changed(SessionId session, PersonHere person) => Publish(session, new PresenceNote.Present(_registry.Self, IsWhole: false, [person]));

    public void Shown(SessionId session, PassingEvent e)
    {
        if (PresenceNote.Of(e) is { } note)
        {
            Publish(session, note);
        }
    }

    /// <summary>Of a session that nobody listens to on this node.</summary>
    public void ShowRead(SessionId session, string userId, long seq) => Shown(session, new ReadUpTo(new Person(userId, userId), seq, _time.GetUtcNow()));

    /// <summary>Who is in a session, on whichever node; asks them where nobody listens to it here.</summary>
    public async ValueTask<WhoIsHere> FindAsync(SessionId session)
    {
        if (_hubs.Find(session) is { } hub)
        {
            await hub.OthersKnown;
            return hub.Presence.WhoIsHere;
        }
        var persons = new ConcurrentQueue<PersonHere>();
        await AskAsync(session, (_, some) =>
        {
            foreach (var person in some)
            {
                persons.Enqueue(person);
            }
        });
        return new WhoIsHere(
            persons.Select(person => person.Who.UserId).ToHashSet(StringComparer.Ordinal),
            [.. persons.Where(person => person.Counted > 0).Select(person => person.Who.ParticipantId!).Distinct(StringComparer.Ordinal)]);
    }

    public async ValueTask DisposeAsync()
    {
        _bus.Restored -= LearnAll;
        _registry.Changed -= DropGone;
        await _stopping.CancelAsync();
        await _ticking;
        foreach (var inbox in _inboxes)
        {
            inbox.Dispose();
        }
        _stopping.Dispose();
    }

    /// <summary>They were here before this node asked, so that nobody is shown as joining.</summary>
    private Task LearnAsync(SessionHub hub) =>
        AskAsync(hub.Session, (node, persons) => hub.Presence.Take(node, persons, isWhole: true, silently: true));

    /// <summary>Completes when every node has answered, or has had its time. Answers are taken as they come, in each node's order of telling.</summary>
    private async Task AskAsync(SessionId session, Action<string, IReadOnlyList<PersonHere>> take)
    {
        var others = Names().Where(node => node != _registry.Self).ToList();
        if (others.Count == 0 || !_bus.IsUp)
        {
            return;
        }
        var number = Interlocked.Increment(ref _last);
        var question = _questions[number] = new Question(others, take);
        _bus.Publish(Everyone, new PresenceNote.WhoAsked(_registry.Self, number, session.Value).Encode());
        _ = RemoveAsync(number, question);
        await question.Answered.Task.WaitAsync(_options.AnswerTimeout, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>An answer that nobody waits for any more is taken all the same, as long as that node's next round may be away.</summary>
    private async Task RemoveAsync(long number, Question question)
    {
        await question.Answered.Task.WaitAsync(_options.Tick * _options.TicksOfRound, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _questions.TryRemove(number, out _);
    }

    /// <summary>On the bus's thread.</summary>
    private void TakeAny(ReadOnlyMemory<byte> message)
    {
        switch (PresenceNote.Decode(message))
        {
            case PresenceNote.WhoAsked asked:
                Answer(asked);
                break;
            case PresenceNote.Seen seen:
                _hubs.LastSeen.Take(new SessionId(seen.Session), seen.UserId, seen.At);
                break;
        }
    }

    private void Answer(PresenceNote.WhoAsked asked)
    {
        void Tell(IReadOnlyList<PersonHere> own) =>
            _bus.Publish(InboxOf(asked.Node), new PresenceNote.WhoAnswered(_registry.Self, asked.Number, own).Encode());
        if (_hubs.Find(new SessionId(asked.Session)) is { } hub)
        {
            hub.Presence.TellOwn(Tell);
        }
        else
        {
            Tell([]);
        }
    }

    private void TakeAnswer(ReadOnlyMemory<byte> message)
    {
        if (PresenceNote.Decode(message) is PresenceNote.WhoAnswered answer && _questions.TryGetValue(answer.Number, out var question))
        {
            _heard.TryAdd(answer.Node, 0);
            question.Take(answer);
        }
    }

    private void Take(SessionHub hub, PresenceNote? note)
    {
        if (note is PresenceNote.Present present)
        {
            _heard.TryAdd(present.Node, 0);
            hub.Presence.Take(present.Node, present.Persons, present.IsWhole);
        }
        else if (note?.Event is { } e)
        {
            hub.Presence.Take(e);
        }
    }

    /// <summary>Each hub's whole is told once in a round, a part of them at every tick.</summary>
    private async Task TickAsync()
    {
        for (uint tick = 0; !_stopping.IsCancellationRequested; tick++)
        {
            await Task.Delay(_options.Tick, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (var hub in _hubs.All.Where(hub => (uint)hub.Session.GetHashCode() % _options.TicksOfRound == tick % _options.TicksOfRound))
            {
                TellWhole(hub);
            }
            DropUnknown();
        }
    }

    private void TellWhole(SessionHub hub) =>
        hub.Presence.TellOwn(own => Publish(hub.Session, new PresenceNote.Present(_registry.Self, IsWhole: true, own)));

    /// <summary>The bus is back: nobody knows what it has lost.</summary>
    private void LearnAll()
    {
        foreach (var hub in _hubs.All)
        {
            TellWhole(hub);
        }
    }

    private void DropGone()
    {
        var names = Names();
        foreach (var gone in Interlocked.Exchange(ref _nodes, names).Except(names))
        {
            Drop(gone);
        }
    }

    /// <summary>Nodes that told something and were gone before this one saw them in the registry. A new one may speak before it is seen there.</summary>
    private void DropUnknown()
    {
        foreach (var node in _heard.Keys.Except(_nodes))
        {
            if (_heard.AddOrUpdate(node, 1, (_, ticks) => ticks + 1) > _options.TicksOfRound)
            {
                Drop(node);
            }
        }
    }

    private void Drop(string node)
    {
        _heard.TryRemove(node, out _);
        foreach (var hub in _hubs.All)
        {
            hub.Presence.Take(node, [], isWhole: true);
        }
        foreach (var question in _questions.Values)
        {
            question.Forget(node);
        }
    }

    private void Publish(SessionId session, PresenceNote note) => _bus.Publish(TopicOf(session), note.Encode());

    private IReadOnlyList<string> Names() => [.. _registry.Nodes.Select(node => node.Name)];

    private static string TopicOf(SessionId session) => "here:" + session.Value;

    private static string InboxOf(string node) => "presence:" + node;

    private sealed class Question(IEnumerable<string> asked, Action<string, IReadOnlyList<PersonHere>> take)
    {
        private readonly HashSet<string> _waitedFor = [.. asked];

        public TaskCompletionSource Answered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Take(PresenceNote.WhoAnswered answer)
        {
            take(answer.Node, answer.Persons);
            Forget(answer.Node);
        }

        public void Forget(string node)
        {
            lock (_waitedFor)
            {
                _waitedFor.Remove(node);
                if (_waitedFor.Count == 0)
                {
                    Answered.TrySetResult();
                }
            }
        }
    }
}

public sealed record PresenceRelayOptions
{
    /// <summary>A node that has not answered by then is not waited for: its word comes late, or with its next round.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromMilliseconds(250);

    public TimeSpan Tick { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>What the bus has lost is mended after so many ticks at the latest.</summary>
    public uint TicksOfRound { get; init; } = 30;
}
