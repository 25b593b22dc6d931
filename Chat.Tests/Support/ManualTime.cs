namespace Chat.Tests.Support;

/// <summary>A clock that stands still until the test moves it, and a barrier for "the code under test now waits for its timer".</summary>
internal sealed class ManualTime : TimeProvider
{
    public static readonly DateTimeOffset Start = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _armed = [];
    private readonly List<(Func<TimeSpan, bool> Fits, TaskCompletionSource Reached)> _barriers = [];
    private TimeSpan _elapsed;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>How far the test has moved the clock.</summary>
    public TimeSpan Elapsed
    {
        get
        {
            lock (_gate)
            {
                return _elapsed;
            }
        }
    }

    /// <summary>Timers that will fire some day.</summary>
    public int Armed
    {
        get
        {
            lock (_gate)
            {
                return _armed.Count;
            }
        }
    }

    public override DateTimeOffset GetUtcNow() => Start + Elapsed;

    public override long GetTimestamp() => Elapsed.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Fires what comes due, in order, each at its own time, on the caller's thread.</summary>
    public void Advance(TimeSpan by)
    {
        var end = Elapsed + by;
        while (NextUntil(end) is { } due)
        {
            due.Fire();
        }
    }

    public void Advance(int milliseconds) => Advance(TimeSpan.FromMilliseconds(milliseconds));

    /// <summary>Moves the clock first and fires what came due only then, as a machine under load does.</summary>
    public void Skip(TimeSpan by)
    {
        lock (_gate)
        {
            _elapsed += by;
        }
        Advance(TimeSpan.Zero);
    }

    /// <summary>Completes once a timer is armed that fires so long from now. Never waits for ever: a real time-out fails the test.</summary>
    public Task ArmedAsync(TimeSpan due) => ArmedAsync(left => left == due);

    public Task ArmedAsync(Func<TimeSpan, bool> fits)
    {
        var barrier = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_armed.Any(timer => fits(timer.Due - _elapsed)))
            {
                return Task.CompletedTask;
            }
            _barriers.Add((fits, barrier));
        }
        return barrier.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>Waits until the code under test waits for a timer of that length, then lets it fire.</summary>
    public async Task PassAsync(TimeSpan due)
    {
        await ArmedAsync(due);
        Advance(due);
    }

    private ManualTimer? NextUntil(TimeSpan end)
    {
        lock (_gate)
        {
            var next = _armed.Where(timer => timer.Due <= end).MinBy(timer => timer.Due);
            _elapsed = next is null ? end : next.Due > _elapsed ? next.Due : _elapsed;
            next?.Rearm();
            return next;
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period = Timeout.InfiniteTimeSpan;

        public TimeSpan Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._gate)
            {
                time._armed.Remove(this);
                _period = period;
                if (dueTime == Timeout.InfiniteTimeSpan)
                {
                    return true;
                }
                Arm(time._elapsed + dueTime);
            }
            return true;
        }

        public void Rearm()
        {
            time._armed.Remove(this);
            if (_period > TimeSpan.Zero)
            {
                Arm(Due + _period);
            }
        }

        public void Fire() => callback(state);

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Arm(TimeSpan due)
        {
            Due = due;
            time._armed.Add(this);
            foreach (var barrier in time._barriers.Where(barrier => barrier.Fits(due - time._elapsed)).ToList())
            {
                time._barriers.Remove(barrier);
                barrier.Reached.TrySetResult();
            }
        }
    }
}
