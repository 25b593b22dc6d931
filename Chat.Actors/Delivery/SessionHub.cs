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

    /// <summary>Among the writes to more readers than these, one less is no gain.</summary>
    private const int MostThatAnswersWaitFor = 32;

    private readonly Lock _gate = new();
    private readonly List<Subscriber> _subscribers = [];
    private readonly Queue<IReadOnlyList<EncodedEvent>> _batches = [];
    private Subscriber[]? _listeners;
    private long _published;

    /// <summary>What <see cref="_published"/> was when the journal's head was last noted.</summary>
    private long _noted;

    private readonly Queue<PassingEvent> _passing = [];

    /// <summary>Passing events so far, which are numbered from 1.</summary>
    private long _passed;

    private bool _isRunning;

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
        }
        Run();
    }

    /// <summary>
    /// The log goes up to here, as the journal says. Where less has come, and nothing since the last note, live readers have missed something, and go and page it. While
    /// events still come, in their order, the others are on their way: on a node that is late a journal that all its readers ask would be late as well.
    /// </summary>
    public void NoteHead(long head)
    {
        lock (_gate)
        {
            var hasMoved = _published > _noted;
            _noted = _published;
            if (!hasMoved)
            {
                CatchUp(head);
            }
        }
    }

    /// <summary>The log goes up to here, and what of it has not been published never will be: live readers who have not got it go and page it.</summary>
    public void CatchUp(long head)
    {
        lock (_gate)
        {
            if (_published >= head)
            {
                return;
            }
            _published = _noted = head;
            foreach (var subscriber in _subscribers)
            {
                if (subscriber.IsLive && subscriber.Cursor < head)
                {
                    subscriber.SetBack();
                }
            }
        }
    }

    /// <summary>
    /// Shown to those for whom the hub has been opened before, all together that have gathered while the last ones were written: where thousands come in at once,
    /// each is shown to all others.
    /// </summary>
    internal void Publish(PassingEvent e)
    {
        lock (_gate)
        {
            _passing.Enqueue(e);
            _passed++;
        }
        Run();
    }

    /// <summary>The reader has been found to be allowed, and is shown what passes from here on.</summary>
    /// <param name="first">The frame that comes before all others, where the face has one.</param>
    public void Open(Subscriber subscriber, Frame? first = null)
    {
        lock (_gate)
        {
            subscriber.Open(first, _passed);
        }
    }

    /// <summary>Sends an answer about an event; together with that, where it is about to be offered and not to so many that the reader's turn is far.</summary>
    public void Send(Subscriber subscriber, Frame frame, long seq)
    {
        // Without the lock: one count more or less is as good.
        if (seq <= Volatile.Read(ref _published) && _subscribers.Count <= MostThatAnswersWaitFor)
        {
            subscriber.Send(frame, seq);
        }
        else
        {
            subscriber.Send(frame);
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        while (true)
        {
            EventBatch? batch;
            PassingBatch? passing;
            Subscriber[] listeners;
            lock (_gate)
            {
                (batch, passing) = (TakeBatches(), TakePassing());
                if (batch is null && passing is null)
                {
                    _isRunning = false;
                    return;
                }
                listeners = _listeners ??= [.. _subscribers];
            }
            var queued = 0;
            foreach (var subscriber in listeners)
            {
                try
                {
                    queued += batch is null ? 0 : subscriber.Offer(batch);
                    if (passing is not null)
                    {
                        subscriber.Offer(passing);
                    }
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

    private void Run()
    {
        lock (_gate)
        {
            if (_isRunning)
            {
                return;
            }
            _isRunning = true;
        }
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>All that waits, as far as it is not too much for one round.</summary>
    private EventBatch? TakeBatches()
    {
        if (!_batches.TryDequeue(out var first))
        {
            return null;
        }
        if (_batches.Count == 0)
        {
            return new EventBatch(first);
        }
        var events = new List<EncodedEvent>(first);
        while (_batches.TryPeek(out var next) && events.Count + next.Count <= MostAtOnce)
        {
            events.AddRange(_batches.Dequeue());
        }
        return new EventBatch(events);
    }

    private PassingBatch? TakePassing()
    {
        if (_passing.Count == 0)
        {
            return null;
        }
        var first = _passed - _passing.Count + 1;
        var events = new PassingEvent[Math.Min(_passing.Count, MostAtOnce)];
        for (var i = 0; i < events.Length; i++)
        {
            events[i] = _passing.Dequeue();
        }
        return new PassingBatch(events, first);
    }
}
