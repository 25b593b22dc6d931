using System.Collections.Concurrent;

namespace Chat.Actors.Sessions;

/// <summary>One token bucket per key: capacity a minute's tokens, refilled evenly.</summary>
public sealed class TokenBuckets<TKey>(int perMinute, TimeProvider time)
    where TKey : notnull
{
    /// <summary>Full buckets are forgotten once in this time, which is what an empty one takes to fill. Looking at all of them is not for each take.</summary>
    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);

    /// <summary>Or after so many new ones, 1 MB or so: in a flood of keys a minute is long, and a bucket that gave one token is soon full again.</summary>
    private const int SweepAfter = 10_000;

    private readonly ConcurrentDictionary<TKey, Bucket> _buckets = new();
    private long _swept = time.GetTimestamp();
    private int _added;

    /// <summary>Buckets that are kept.</summary>
    internal int Count => _buckets.Count;

    /// <summary>Zero when the tokens were taken, else how long until there are so many. More than a bucket holds take all of it.</summary>
    public TimeSpan Take(TKey key, int tokens = 1)
    {
        ForgetSometimes();
        return BucketOf(key).Take(Math.Min(tokens, perMinute), perMinute, time);
    }

    /// <summary>Takes what turned out to be owed; what the bucket does not hold has to be refilled first.</summary>
    public void Charge(TKey key, int tokens)
    {
        ForgetSometimes();
        BucketOf(key).Charge(tokens, perMinute, time);
    }

    /// <summary>Returns one token that was taken.</summary>
    public void GiveBack(TKey key)
    {
        if (_buckets.TryGetValue(key, out var bucket))
        {
            bucket.GiveBack(perMinute);
        }
    }

    private Bucket BucketOf(TKey key) => _buckets.GetOrAdd(
        key,
        static (_, self) =>
        {
            Interlocked.Increment(ref self._added);
            return self.NewBucket();
        },
        this);

    private Bucket NewBucket() => new(perMinute, time.GetTimestamp());

    private void ForgetSometimes()
    {
        var swept = Volatile.Read(ref _swept);
        if ((time.GetElapsedTime(swept) >= SweepEvery || Volatile.Read(ref _added) >= SweepAfter)
            && Interlocked.CompareExchange(ref _swept, Math.Max(swept + 1, time.GetTimestamp()), swept) == swept)
        {
            Volatile.Write(ref _added, 0);
            Forget();
        }
    }

    private void Forget()
    {
        foreach (var (key, bucket) in _buckets)
        {
            if (bucket.IsFull(perMinute, time))
            {
                _buckets.TryRemove(KeyValuePair.Create(key, bucket));
            }
        }
    }

    private sealed class Bucket(double tokens, long at)
    {
        private readonly Lock _gate = new();
        private double _tokens = tokens;
        private long _at = at;

        public TimeSpan Take(int tokens, int perMinute, TimeProvider time)
        {
            lock (_gate)
            {
                Refill(perMinute, time);
                if (_tokens >= tokens)
                {
                    _tokens -= tokens;
                    return TimeSpan.Zero;
                }
                return TimeSpan.FromMinutes((tokens - _tokens) / perMinute);
            }
        }

        public void Charge(int tokens, int perMinute, TimeProvider time)
        {
            lock (_gate)
            {
                Refill(perMinute, time);
                _tokens -= tokens;
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
