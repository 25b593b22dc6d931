using Chat.Actors.Runtime;
using Chat.Protocol;

namespace Chat.Actors.Delivery;

/// <summary>
/// Who listens to one session on this node. Fan-out runs on a thread of the pool, one batch after the other, never in the session's turn.
/// </summary>
public sealed class SessionHub : IThreadPoolWorkItem
{
    /// <summary>Events offered at once where more wait: some tens of KB for each reader's write.</summary>
    private const int MostAtOnce = 256;

    private readonly Lock _gate = new();
    private readonly List<Subscriber> _subscribers = [];
    private readonly Queue<IReadOnlyList<EncodedEvent>> _batches = [];
    private Subscriber[]? _listeners;
    private long _published;
    private bool _running;

    internal SessionHub(SessionId session, IReadOnlyList<IPresenceListener> listeners, LastSeen lastSeen, TimeProvider time)
    {
        Session = session;
        Presence = new Presence(this, listeners, lastSeen, time);
    }

    public SessionId Session { get; }
    public Presence Presence { get; }

    /// <summary>What brings other nodes' events here while the hub lives; null on a node that is alone.</summary>
    internal IDisposable? Link { get; set; }

    /// <summary>Completes when the other nodes have said whom they have in the session, or do not answer.</summary>
    public Task OthersKnown { get; internal set; } = Task.CompletedTask;

    /// <summary>Removed from <see cref="SessionHubs"/>; a new one takes its place.</summary>
    internal bool IsClosed { get; private set; }

    internal bool TryAdd(Subscriber subscriber)
    {
        lock (_gate)
        {
            if (IsClosed)
            {
                return false;
            }
            _subscribers.Add(subscriber);
            _listeners = null;
            return true;
        }
    }

    /// <summary>True when nobody is left: the hub is closed then.</summary>
    internal bool Remove(Subscriber subscriber)
    {
        lock (_gate)
        {
            _subscribers.Remove(subscriber);
            _listeners = null;
            return IsClosed = _subscribers.Count == 0;
        }
    }

    /// <summary>
    /// Makes a subscriber live if its cursor has reached all that was published here. What is published from now on is offered to it; what was
    /// committed but not yet published will be, and is skipped where its cursor has passed it.
    /// </summary>
    public bool TryGoLive(Subscriber subscriber)
    {
        lock (_gate)
        {
            return subscriber.GoLive(_published);
        }
    }

    internal void Publish(IReadOnlyList<EncodedEvent> batch)
    {
        lock (_gate)
        {
            // From two nodes at once, the same or older ones may come: readers skip what they have.
            _published = Math.Max(_published, batch[^1].Seq);
            _batches.Enqueue(batch);
            if (_running)
            {
                return;
            }
            _running = true;
        }
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>
    /// The log goes up to here, as the journal says. Live readers that have not been offered so much have missed something, and go and page it.
    /// </summary>
    public void NoteHead(long head)
    {
        lock (_gate)
        {
            _published = Math.Max(_published, head);
            foreach (var subscriber in _subscribers)
            {
                if (subscriber.IsLive && subscriber.Cursor < head)
                {
                    subscriber.SetBack();
                }
            }
        }
    }

    internal void Publish(PassingEvent e)
    {
        var listeners = Listeners();
        // Counted after them: their faces have drawn their indices, a face that comes meanwhile is not among them.
        var frames = new Frame?[FaceCodec.Count];
        foreach (var subscriber in listeners)
        {
            if ((e.ShownToOwn || subscriber.UserId != e.Who.UserId) && (frames[subscriber.Face.Index] ??= subscriber.Face.Encode(e)) is { } frame)
            {
                subscriber.OfferPassing(frame);
            }
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        while (true)
        {
            EventBatch batch;
            Subscriber[] listeners;
            lock (_gate)
            {
                if (_batches.Count == 0)
                {
                    _running = false;
                    return;
                }
                batch = new EventBatch(TakeBatches());
                listeners = _listeners ??= [.. _subscribers];
            }
            var queued = 0;
            foreach (var subscriber in listeners)
            {
                try
                {
                    queued += subscriber.Offer(batch);
                }
#pragma warning disable CA1031 // On a thread of the pool, a fault of one codec would end the process.
                catch (Exception)
#pragma warning restore CA1031
                {
                    // Its owner comes upon the same event in the journal, where the fault can be told.
                    subscriber.SetBack();
                }
            }
            ChatMetrics.Deliveries.Add(queued);
        }
    }

    /// <summary>All that waits, as far as it is not too much for one round.</summary>
    private IReadOnlyList<EncodedEvent> TakeBatches()
    {
        var first = _batches.Dequeue();
        if (_batches.Count == 0)
        {
            return first;
        }
        var events = new List<EncodedEvent>(first);
        while (_batches.TryPeek(out var next) && events.Count + next.Count <= MostAtOnce)
        {
            events.AddRange(_batches.Dequeue());
        }
        return events;
    }

    private Subscriber[] Listeners()
    {
        lock (_gate)
        {
            return _listeners ??= [.. _subscribers];
        }
    }
}
