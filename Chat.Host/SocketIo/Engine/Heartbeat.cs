namespace Chat.Host.SocketIo.Engine;

/// <summary>When the next ping is due and until when it must be answered, on the session's one timer. Every call is made under its owner's lock.</summary>
internal sealed class Heartbeat
{
    private readonly EngineOptions _options;
    private readonly TimeProvider _time;
    private readonly long _origin;
    private readonly ITimer _timer;
    private TimeSpan _due;
    private TimeSpan _deadline;
    private bool _isPinged;

    public Heartbeat(EngineOptions options, TimeProvider time, TimerCallback beat, object state)
    {
        _options = options;
        _time = time;
        _origin = time.GetTimestamp();
        // The timer outlives the request in which it is made, and must not keep its context.
        using (ExecutionContext.SuppressFlow())
        {
            _timer = time.CreateTimer(beat, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
        Begin(_options.PingInterval);
    }

    /// <summary>The deadline has been reached, whether or not the timer has noticed.</summary>
    public bool IsOver => Now >= _deadline;

    private TimeSpan Now => _time.GetElapsedTime(_origin);

    /// <summary>A ping has been answered. The next one keeps the interval from the last, however long the answer took.</summary>
    public void OnPong()
    {
        if (_isPinged)
        {
            var (now, next) = (Now, _due + _options.PingInterval);
            Begin(next > now ? next : now + _options.PingInterval);
        }
    }

    /// <summary>At each look, the timer's or a request's. True when a ping is to be sent now.</summary>
    /// <param name="isHeard">The client is there to take it: then it has the whole time-out to answer, though this timer may be late.</param>
    public bool Beat(bool isHeard)
    {
        var now = Now;
        if (_isPinged || now < _due)
        {
            Arm(_isPinged ? _deadline : _due);
            return false;
        }
        _isPinged = true;
        if (isHeard)
        {
            _deadline = now + _options.PingTimeout;
        }
        Arm(_deadline);
        return true;
    }

    /// <summary>A message has come, and its pong may be behind more of them: that puts the end off, but not beyond the next ping's time.</summary>
    public void OnMessage()
    {
        var (granted, last) = (Now + _options.PingTimeout, _due + _options.PingInterval + _options.PingTimeout);
        if (_isPinged && granted > _deadline)
        {
            // The timer finds out when it fires.
            _deadline = granted < last ? granted : last > _deadline ? last : _deadline;
        }
    }

    /// <summary>The client has shown life, or could not: it has at least one more time-out from now.</summary>
    public void Grant()
    {
        var granted = Now + _options.PingTimeout;
        if (granted > _deadline)
        {
            _deadline = granted;
            Arm(_isPinged ? _deadline : _due);
        }
    }

    /// <summary>Pings no more; the timer fires once after this time.</summary>
    public void EndIn(TimeSpan time) => _timer.Change(time, Timeout.InfiniteTimeSpan);

    public void Stop() => _timer.Dispose();

    private void Begin(TimeSpan due)
    {
        _isPinged = false;
        _due = due;
        _deadline = due + _options.PingTimeout;
        Arm(due);
    }

    private void Arm(TimeSpan at)
    {
        // Timers count whole milliseconds, and one that fires too early is armed anew.
        var wait = Math.Max(1, Math.Ceiling((at - Now).TotalMilliseconds));
        _timer.Change(TimeSpan.FromMilliseconds(wait), Timeout.InfiniteTimeSpan);
    }
}
