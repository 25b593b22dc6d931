using Chat.Protocol;

namespace Chat.Actors.Delivery;

/// <summary>Who is in a session on this node, who is typing, and who has read how far: shown to the others, never stored.</summary>
public sealed class Presence
{
    /// <summary>Typing ends by itself after this.</summary>
    public static readonly TimeSpan TypingLifetime = TimeSpan.FromSeconds(6);

    /// <summary>Typing of one user begins at most once in this time: every change goes to everyone here, and costs the typist nothing.</summary>
    public static readonly TimeSpan TypingInterval = TimeSpan.FromSeconds(1);

    /// <summary>Read markers of one user are shown once in this time, the newest one.</summary>
    public static readonly TimeSpan ReadInterval = TimeSpan.FromSeconds(1);

    /// <summary>Held while an event is published, so that readers get them in the order in which they became true.</summary>
    private readonly Lock _gate = new();

    private readonly Dictionary<string, Present> _present = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Typist> _typing = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Reading> _reading = new(StringComparer.Ordinal);
    private readonly SessionHub _hub;
    private readonly TimeProvider _time;
    private int _participants;

    internal Presence(SessionHub hub, TimeProvider time)
    {
        _hub = hub;
        _time = time;
    }

    public bool IsOnline(string userId)
    {
        lock (_gate)
        {
            return _present.ContainsKey(userId);
        }
    }

    /// <summary>Ids of the participants that are here. One who is here as a presenter only is not among them.</summary>
    public IReadOnlyList<string> Participants
    {
        get
        {
            lock (_gate)
            {
                return [.. _present.Values.Where(present => present.Counted > 0).Select(present => present.Who.ParticipantId!)];
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
            if (!_present.TryGetValue(who.UserId, out var present))
            {
                _present[who.UserId] = present = new Present(who);
            }
            present.Sockets++;
            Count(present, who, isPresenter, 1);
            if (present.Sockets == 1)
            {
                _hub.Publish(new UserJoined(present.Who, _participants, _time.GetUtcNow()));
            }
            entered?.Invoke(_participants);
        }
    }

    /// <summary>True when it was the user's last socket here.</summary>
    public bool Leave(Person who, bool isPresenter = false)
    {
        lock (_gate)
        {
            if (!_present.TryGetValue(who.UserId, out var present))
            {
                return false;
            }
            Count(present, who, isPresenter, -1);
            if (--present.Sockets > 0)
            {
                return false;
            }
            SetTyping(who.UserId, isTyping: false);
            _present.Remove(who.UserId);
            _hub.Publish(new UserLeft(present.Who, _participants, _time.GetUtcNow()));
            return true;
        }
    }

    /// <summary>Tells all, also the participant itself, that it is here; at most once in <see cref="TypingInterval"/>.</summary>
    public void Confirm(string userId)
    {
        lock (_gate)
        {
            if (_present.TryGetValue(userId, out var present) && (present.ConfirmedAt is not { } last || _time.GetElapsedTime(last) >= TypingInterval))
            {
                present.ConfirmedAt = _time.GetTimestamp();
                _hub.Publish(new ParticipantUpdated(present.Who, _time.GetUtcNow()));
            }
        }
    }

    /// <summary>Of one who has a socket here; of another one nothing is shown.</summary>
    public void SetTyping(string userId, bool isTyping)
    {
        lock (_gate)
        {
            if (!_present.TryGetValue(userId, out var present))
            {
                return;
            }
            if (_typing.TryGetValue(userId, out var typist))
            {
                if (!typist.IsShown)
                {
                    typist.Waits = isTyping;
                }
                else if (isTyping)
                {
                    typist.Timer.Change(TypingLifetime, Timeout.InfiniteTimeSpan);
                }
                else
                {
                    HideTyping(typist);
                }
            }
            else if (isTyping)
            {
                _typing[userId] = typist = new Typist(present.Who);
                typist.Timer = _time.CreateTimer(_ => PassTyping(userId, typist), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                ShowTyping(typist);
            }
        }
    }

    /// <summary>Shows how far a user has read, at most once in <see cref="ReadInterval"/>; what does not rise is not shown.</summary>
    public void SetRead(string userId, long seq)
    {
        lock (_gate)
        {
            if (!_reading.TryGetValue(userId, out var reading))
            {
                _reading[userId] = reading = new Reading();
            }
            if (reading.Timer is not null)
            {
                reading.Waiting = Math.Max(reading.Waiting, seq);
            }
            else if (seq > reading.Shown)
            {
                Show(userId, reading, seq);
            }
        }
    }

    private void ShowTyping(Typist typist)
    {
        typist.IsShown = true;
        typist.Waits = false;
        typist.ShownAt = _time.GetTimestamp();
        typist.Timer.Change(TypingLifetime, Timeout.InfiniteTimeSpan);
        _hub.Publish(new Typing(typist.Who, IsTyping: true, _time.GetUtcNow()));
    }

    private void HideTyping(Typist typist)
    {
        typist.IsShown = false;
        var rest = TypingInterval - _time.GetElapsedTime(typist.ShownAt);
        typist.Timer.Change(rest > TimeSpan.Zero ? rest : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        _hub.Publish(new Typing(typist.Who, IsTyping: false, _time.GetUtcNow()));
    }

    /// <summary>The typist's time is over: that of being shown, or of resting after it.</summary>
    private void PassTyping(string userId, Typist typist)
    {
        lock (_gate)
        {
            if (typist.IsShown)
            {
                HideTyping(typist);
            }
            else if (typist.Waits)
            {
                ShowTyping(typist);
            }
            else if (_typing.Remove(userId))
            {
                typist.Timer.Dispose();
            }
        }
    }

    private void ShowWaiting(string userId, Reading reading)
    {
        lock (_gate)
        {
            reading.Timer?.Dispose();
            reading.Timer = null;
            if (reading.Waiting > reading.Shown)
            {
                Show(userId, reading, reading.Waiting);
            }
        }
    }

    private void Show(string userId, Reading reading, long seq)
    {
        reading.Shown = seq;
        reading.Timer = _time.CreateTimer(_ => ShowWaiting(userId, reading), null, ReadInterval, Timeout.InfiniteTimeSpan);
        _hub.Publish(new ReadUpTo(_present.GetValueOrDefault(userId)?.Who ?? new Person(userId, userId), seq, _time.GetUtcNow()));
    }

    private void Count(Present present, Person who, bool isPresenter, int change)
    {
        if (who.ParticipantId is null || isPresenter)
        {
            return;
        }
        var before = present.Counted > 0;
        present.Counted += change;
        _participants += (present.Counted > 0 ? 1 : 0) - (before ? 1 : 0);
    }

    /// <summary>One who has sockets here.</summary>
    private sealed class Present(Person who)
    {
        public Person Who { get; } = who;
        public int Sockets { get; set; }

        /// <summary>Sockets that make them a participant who is here.</summary>
        public int Counted { get; set; }

        public long? ConfirmedAt { get; set; }
    }

    /// <summary>One who is shown as typing, or was a moment ago.</summary>
    private sealed class Typist(Person who)
    {
        public Person Who { get; } = who;
        public ITimer Timer { get; set; } = null!;
        public bool IsShown { get; set; }

        /// <summary>Types again, which is to be shown when the interval ends.</summary>
        public bool Waits { get; set; }

        public long ShownAt { get; set; }
    }

    /// <summary>Stays after the user has left, for as long as anyone is here: what was shown must not go back.</summary>
    private sealed class Reading
    {
        /// <summary>Runs while an interval does.</summary>
        public ITimer? Timer { get; set; }

        public long Shown { get; set; }

        /// <summary>Seq to be shown when the interval ends, if it is above <see cref="Shown"/>.</summary>
        public long Waiting { get; set; }
    }
}
