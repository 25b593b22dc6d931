using Chat.Protocol;

namespace Chat.Actors.Delivery;

/// <summary>Who is in a session, who is typing, and who has read how far: shown to the others, never stored. A person's sockets on all nodes count as one.</summary>
public sealed class Presence
{
    /// <summary>Typing ends by itself after this.</summary>
    public static readonly TimeSpan TypingLifetime = TimeSpan.FromSeconds(6);

    /// <summary>Typing of one user begins at most once in this time: every change goes to everyone here, and costs the typist nothing.</summary>
    public static readonly TimeSpan TypingInterval = TimeSpan.FromSeconds(1);

    /// <summary>Read markers of one user are shown once in this time, the newest one.</summary>
    public static readonly TimeSpan ReadInterval = TimeSpan.FromSeconds(1);

    /// <summary>This node's name in <see cref="Present.Stays"/>, where no other node's is empty.</summary>
    private const string Here = "";

    /// <summary>Held while an event is published, so that readers get them in the order in which they became true. Taken before those of the parts.</summary>
    private readonly Lock _gate = new();

    private readonly Dictionary<string, Present> _present = new(StringComparer.Ordinal);
    private readonly SessionHub _hub;
    private readonly IReadOnlyList<IPresenceListener> _listeners;
    private readonly LastSeen _lastSeen;
    private readonly TimeProvider _time;
    private readonly Typists _typists;
    private readonly ReadMarks _marks;
    private int _participants;

    /// <param name="lastSeen">Told of those whose last socket leaves another node; of its own this node is told by <see cref="Leave"/>.</param>
    internal Presence(SessionHub hub, IReadOnlyList<IPresenceListener> listeners, LastSeen lastSeen, TimeProvider time)
    {
        _hub = hub;
        _lastSeen = lastSeen;
        _listeners = listeners;
        _time = time;
        _typists = new Typists(ShowOwn, hub.Publish, time);
        _marks = new ReadMarks(ShowOwn, hub.Publish, time);
    }

    public WhoIsHere WhoIsHere
    {
        get
        {
            lock (_gate)
            {
                return new WhoIsHere(
                    _present.Keys.ToHashSet(StringComparer.Ordinal),
                    [.. _present.Values.Where(present => present.Counted > 0).Select(present => present.Who.ParticipantId!)]);
            }
        }
    }

    /// <summary>One more socket of this person is here; ended by <see cref="Leave"/> with the same arguments.</summary>
    /// <param name="who">What others are shown of them is what their first socket said.</param>
    /// <param name="isPresenter">This socket does not count its participant.</param>
    /// <param name="entered">Given the participants that are here now, before anyone can change that: what it sends comes before every later event.</param>
    public void Enter(Person who, bool isPresenter = false, Action<int>? entered = null)
    {
        lock (_gate)
        {
            ChangeOwn(who, 1, Counts(who, isPresenter) ? 1 : 0);
            entered?.Invoke(_participants);
        }
    }

    /// <summary>True when it was the user's last socket, over all nodes.</summary>
    public bool Leave(Person who, bool isPresenter = false)
    {
        lock (_gate)
        {
            if (!IsOwn(who.UserId, out var present))
            {
                return false;
            }
            if (present.StayAt(Here).Sockets == 1)
            {
                _typists.Set(present.Who, isTyping: false);
            }
            ChangeOwn(who, -1, Counts(who, isPresenter) ? -1 : 0);
            return present.Sockets == 0;
        }
    }

    /// <summary>Tells all, also the participant itself, that it is here; at most once in <see cref="TypingInterval"/>.</summary>
    public void Confirm(string userId)
    {
        lock (_gate)
        {
            if (IsOwn(userId, out var present) && (present.ConfirmedAt is not { } last || _time.GetElapsedTime(last) >= TypingInterval))
            {
                present.ConfirmedAt = _time.GetTimestamp();
                ShowOwn(new ParticipantUpdated(present.Who, _time.GetUtcNow()));
            }
        }
    }

    /// <summary>Of one who has a socket here; of another one nothing is shown.</summary>
    public void SetTyping(string userId, bool isTyping)
    {
        lock (_gate)
        {
            if (IsOwn(userId, out var present))
            {
                _typists.Set(present.Who, isTyping);
            }
        }
    }

    /// <summary>Shows how far a user has read, at most once in <see cref="ReadInterval"/>; what does not rise is not shown.</summary>
    public void SetRead(string userId, long seq)
    {
        lock (_gate)
        {
            _marks.Set(_present.GetValueOrDefault(userId)?.Who ?? new Person(userId, userId), seq, isOwn: true);
        }
    }

    /// <summary>Whom this node has here; given before anyone can change that, so that it is told in the order of the changes.</summary>
    internal void TellOwn(Action<IReadOnlyList<PersonHere>> tell)
    {
        lock (_gate)
        {
            tell([.. _present.Values.Where(present => present.StayAt(Here).Sockets > 0).Select(present => present.StayAt(Here).Of(present.Who))]);
        }
    }

    /// <summary>Another node has said whom it has.</summary>
    /// <param name="isWhole">Nobody else is there.</param>
    /// <param name="silently">They were there before this node asked: nobody joins.</param>
    internal void Take(string node, IReadOnlyList<PersonHere> persons, bool isWhole, bool silently = false)
    {
        lock (_gate)
        {
            if (isWhole)
            {
                var there = persons.Select(person => person.Who.UserId).ToHashSet(StringComparer.Ordinal);
                foreach (var gone in _present.Values.Where(present => present.StayAt(node).Sockets > 0 && !there.Contains(present.Who.UserId)).ToList())
                {
                    Set(gone, node, default, silently: false);
                }
            }
            foreach (var person in persons)
            {
                if (person.Sockets > 0 || _present.ContainsKey(person.Who.UserId))
                {
                    Set(Of(person.Who), node, new Stay(person.Sockets, person.Counted), silently);
                }
            }
        }
    }

    /// <summary>Another node has shown this.</summary>
    internal void Take(PassingEvent e)
    {
        switch (e)
        {
            case Typing typing:
                _typists.SetElsewhere(typing);
                break;
            case ReadUpTo read:
                _marks.Set(read.Who, read.Seq, isOwn: false);
                break;
            default:
                _hub.Publish(e);
                break;
        }
    }

    private bool IsOwn(string userId, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Present? present) =>
        _present.TryGetValue(userId, out present) && present.StayAt(Here).Sockets > 0;

    private Present Of(Person who) => _present.TryGetValue(who.UserId, out var present) ? present : _present[who.UserId] = new Present(who);

    private void ChangeOwn(Person who, int sockets, int counted)
    {
        var present = Of(who);
        var stay = present.StayAt(Here);
        stay = new Stay(stay.Sockets + sockets, stay.Counted + counted);
        // Other nodes hear of it before what this node then shows.
        foreach (var listener in _listeners)
        {
            listener.Changed(_hub.Session, stay.Of(present.Who));
        }
        Set(present, Here, stay, silently: false);
    }

    private void Set(Present present, string node, Stay stay, bool silently)
    {
        var (sockets, counted) = (present.Sockets, present.Counted);
        present.SetStay(node, stay);
        _participants += (present.Counted > 0 ? 1 : 0) - (counted > 0 ? 1 : 0);
        if (present.Sockets == 0)
        {
            _present.Remove(present.Who.UserId);
        }
        var now = _time.GetUtcNow();
        if (sockets == 0 && present.Sockets > 0 && !silently)
        {
            Show(new UserJoined(present.Who, _participants, now), node);
        }
        else if (sockets > 0 && present.Sockets == 0)
        {
            _typists.HideElsewhere(present.Who);
            if (node != Here)
            {
                _lastSeen.Take(_hub.Session, present.Who.UserId, now);
            }
            Show(new UserLeft(present.Who, _participants, now), node);
        }
    }

    private void Show(PassingEvent e, string node)
    {
        if (node == Here)
        {
            ShowOwn(e);
        }
        else
        {
            _hub.Publish(e);
        }
    }

    private void ShowOwn(PassingEvent e)
    {
        _hub.Publish(e);
        foreach (var listener in _listeners)
        {
            listener.Shown(_hub.Session, e);
        }
    }

    private static bool Counts(Person who, bool isPresenter) => who.ParticipantId is not null && !isPresenter;

    /// <summary>Sockets of one person on one node.</summary>
    private readonly record struct Stay(int Sockets, int Counted)
    {
        public PersonHere Of(Person who) => new(who, Sockets, Counted);
    }

    /// <summary>One who has sockets somewhere.</summary>
    private sealed class Present(Person who)
    {
        public Person Who { get; } = who;

        /// <summary>By node. Few, most often one.</summary>
        public List<(string Node, Stay Stay)> Stays { get; } = new(1);

        public int Sockets => Stays.Sum(stay => stay.Stay.Sockets);

        /// <summary>Sockets that make them a participant who is here.</summary>
        public int Counted => Stays.Sum(stay => stay.Stay.Counted);

        public long? ConfirmedAt { get; set; }

        public Stay StayAt(string node) => Stays.Find(stay => stay.Node == node).Stay;

        public void SetStay(string node, Stay stay)
        {
            Stays.RemoveAll(old => old.Node == node);
            if (stay.Sockets > 0)
            {
                Stays.Add((node, stay));
            }
        }
    }
}
