using System.Collections.Concurrent;
using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>One token bucket per user over all faces: capacity a minute's messages, refilled evenly.</summary>
public sealed class RateLimiter(int perMinute, TimeProvider time)
{
    /// <summary>Full buckets are forgotten once in this time, which is what an empty one takes to fill. Looking at all of them is not for each message.</summary>
    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);

    private long _swept = time.GetTimestamp();

    private readonly ConcurrentDictionary<string, Bucket> _buckets = new(StringComparer.Ordinal);

    /// <summary>Users whose bucket is kept.</summary>
    internal int Count => _buckets.Count;

    /// <summary>Takes one token for a command that counts; null when there was one.</summary>
    public Rejected? Take(SessionCommand command)
    {
        if (command is not (PostMessage or EditMessage or React) || command.Caller == Caller.Server)
        {
            return null;
        }
        var swept = Volatile.Read(ref _swept);
        if (time.GetElapsedTime(swept) >= SweepEvery && Interlocked.CompareExchange(ref _swept, time.GetTimestamp(), swept) == swept)
        {
            Forget();
        }
        var wait = _buckets.GetOrAdd(command.Caller.UserId, _ => new Bucket(perMinute, time.GetTimestamp())).Take(perMinute, time);
        return wait == TimeSpan.Zero ? null : new Rejected(ErrorCode.RateLimit, "Too many messages", wait);
    }

    /// <summary>Returns the token of a command that turned out to send nothing.</summary>
    public void GiveBack(SessionCommand command)
    {
        if (_buckets.TryGetValue(command.Caller.UserId, out var bucket))
        {
            bucket.GiveBack(perMinute);
        }
    }

    private void Forget()
    {
        foreach (var (user, bucket) in _buckets)
        {
            if (bucket.IsFull(perMinute, time))
            {
                _buckets.TryRemove(KeyValuePair.Create(user, bucket));
            }
        }
    }

    private sealed class Bucket(double tokens, long at)
    {
        private readonly Lock _gate = new();
        private double _tokens = tokens;
        private long _at = at;

        /// <summary>Zero when a token was taken, else how long until there is one.</summary>
        public TimeSpan Take(int perMinute, TimeProvider time)
        {
            lock (_gate)
            {
                Refill(perMinute, time);
                if (_tokens >= 1)
                {
                    _tokens--;
                    return TimeSpan.Zero;
                }
                return TimeSpan.FromMinutes((1 - _tokens) / perMinute);
            }
        }

        public void GiveBack(int perMinute)
        {
            lock (_gate)
            {
                _tokens = Math.Min(perMinute, _tokens + 1);
            }
        }

        public bool IsFull(int perMinute, TimeProvider time)
        {
            lock (_gate)
            {
                Refill(perMinute, time);
                return _tokens >= perMinute;
            }
        }

        private void Refill(int perMinute, TimeProvider time)
        {
            var now = time.GetTimestamp();
            _tokens = Math.Min(perMinute, _tokens + (time.GetElapsedTime(_at, now).TotalMinutes * perMinute));
            _at = now;
        }
    }
}
