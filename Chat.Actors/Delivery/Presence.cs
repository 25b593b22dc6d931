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

    private readonly Dictionary<string, int> _sockets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Typist> _typing = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Reading> _reading = new(StringComparer.Ordinal);
    private readonly SessionHub _hub;
    private readonly TimeProvider _time;

    internal Presence(SessionHub hub, TimeProvider time)
    {
        _hub = hub;
        _time = time;
    }

    public bool IsOnline(string userId)
    {
        lock (_gate)
        {
            return _sockets.ContainsKey(userId);
        }
    }

    public void Enter(string userId)
    {
        lock (_gate)
        {
            var count = _sockets.GetValueOrDefault(userId);
            _sockets[userId] = count + 1;
            if (count == 0)
            {
                _hub.Publish(new UserJoined(userId, _time.GetUtcNow()));
            }
        }
    }

    /// <summary>True when it was the user's last socket here.</summary>
    public bool Leave(string userId)
    {
        lock (_gate)
        {
            var count = _sockets.GetValueOrDefault(userId);
            if (count > 1)
            {
                _sockets[userId] = count - 1;
                return false;
            }
            _sockets.Remove(userId);
            SetTyping(userId, isTyping: false);
            _hub.Publish(new UserLeft(userId, _time.GetUtcNow()));
            return true;
        }
    }

    public void SetTyping(string userId, bool isTyping)
    {
        lock (_gate)
        {
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
                    HideTyping(userId, typist);
                }
            }
            else if (isTyping)
            {
                _typing[userId] = typist = new Typist();
                typist.Timer = _time.CreateTimer(_ => PassTyping(userId, typist), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                ShowTyping(userId, typist);
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

    private void ShowTyping(string userId, Typist typist)
    {
        typist.IsShown = true;
        typist.Waits = false;
        typist.ShownAt = _time.GetTimestamp();
        typist.Timer.Change(TypingLifetime, Timeout.InfiniteTimeSpan);
        _hub.Publish(new Typing(userId, IsTyping: true, _time.GetUtcNow()));
    }

    private void HideTyping(string userId, Typist typist)
    {
        typist.IsShown = false;
        var rest = TypingInterval - _time.GetElapsedTime(typist.ShownAt);
        typist.Timer.Change(rest > TimeSpan.Zero ? rest : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        _hub.Publish(new Typing(userId, IsTyping: false, _time.GetUtcNow()));
    }

    /// <summary>The typist's time is over: that of being shown, or of resting after it.</summary>
    private void PassTyping(string userId, Typist typist)
    {
        lock (_gate)
        {
            if (typist.IsShown)
            {
                HideTyping(userId, typist);
            }
            else if (typist.Waits)
            {
                ShowTyping(userId, typist);
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
        _hub.Publish(new ReadUpTo(userId, seq, _time.GetUtcNow()));
    }

    /// <summary>One who is shown as typing, or was a moment ago.</summary>
    private sealed class Typist
    {
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
