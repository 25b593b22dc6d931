namespace Chat.Host.Connections;

/// <summary>Calls back once when a token's time is over, unless it has been renewed.</summary>
internal sealed class TokenExpiry : IDisposable
{
    private readonly TimeProvider _time;
    private readonly Action _expired;
    private readonly ITimer _timer;
    private DateTimeOffset _end;

    public TokenExpiry(DateTimeOffset end, TimeProvider time, Action expired)
    {
        _time = time;
        _expired = expired;
        _timer = time.CreateTimer(static state => ((TokenExpiry)state!).Check(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Renew(end);
    }

    public void Renew(DateTimeOffset end)
    {
        _end = end;
        Check();
    }

    public void Dispose() => _timer.Dispose();

    private void Check()
    {
        var left = _end - _time.GetUtcNow();
        if (left <= TimeSpan.Zero)
        {
            _expired();
        }
        else
        {
            // Timers reach some weeks; a token may live longer.
            _timer.Change(left < TimeSpan.FromDays(1) ? left + TimeSpan.FromMilliseconds(1) : TimeSpan.FromDays(1), Timeout.InfiniteTimeSpan);
        }
    }
}
