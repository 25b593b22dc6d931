using Chat.Protocol;

namespace Chat.Actors.Delivery;

/// <summary>Who is in a session on this node, who is typing, and who has read how far: shown to the others, never stored.</summary>
public sealed class Presence
{
    /// <summary>Typing ends by itself after this.</summary>
    public static readonly TimeSpan TypingLifetime = TimeSpan.FromSeconds(6);

    /// <summary>Read markers of one user are shown once in this time, the newest one.</summary>
    public static readonly TimeSpan ReadInterval = TimeSpan.FromSeconds(1);

    /// <summary>Held while an event is published, so that readers get them in the order in which they became true.</summary>
    private readonly Lock _gate = new();

    private readonly Dictionary<string, int> _sockets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ITimer> _typing = new(StringComparer.Ordinal);
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
            if (_typing.TryGetValue(userId, out var timer))
            {
                if (isTyping)
                {
                    timer.Change(TypingLifetime, Timeout.InfiniteTimeSpan);
                    return;
                }
                _typing.Remove(userId);
                timer.Dispose();
            }
            else if (isTyping)
            {
                _typing[userId] = _time.CreateTimer(_ => SetTyping(userId, isTyping: false), null, TypingLifetime, Timeout.InfiniteTimeSpan);
            }
            else
            {
                return;
            }
            _hub.Publish(new Typing(userId, isTyping, _time.GetUtcNow()));
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
