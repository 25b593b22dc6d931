using System.Collections.Concurrent;
using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>One token bucket per user over all faces: capacity a minute's messages, refilled evenly.</summary>
public sealed class RateLimiter(int perMinute, TimeProvider time)
{
    /// <summary>Full buckets are forgotten once in this time, which is what an empty one takes to fill. Looking at all of them is not for each message.</summary>
    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Members that a new session may have for one token: each is a row of the read model, which all lists and pages wait for. One request of 64 KB has room for
    /// 10,000 of them.
    /// </summary>
    private const int MembersPerToken = 100;

    private long _swept = time.GetTimestamp();

    private readonly ConcurrentDictionary<string, Bucket> _buckets = new(StringComparer.Ordinal);

    /// <summary>Users whose bucket is kept.</summary>
    internal int Count => _buckets.Count;

    /// <summary>Takes one token for a command that counts; null when there was one.</summary>
    public Rejected? Take(SessionCommand command)
    {
        return Counts(command) ? Take(command.Caller, tokens: 1) : null;
    }

    /// <summary>For a session that is to be made. Asked before its names are claimed, and not by <see cref="Take(SessionCommand)"/> again.</summary>
    public Rejected? TakeFor(CreateSession command) => Take(command.Caller, 1 + (command.Members.Count / MembersPerToken));

    /// <summary>Returns the token of a command that turned out to send nothing.</summary>
    public void GiveBack(SessionCommand command)
    {
        if (Counts(command) && _buckets.TryGetValue(command.Caller.UserId, out var bucket))
        {
            bucket.GiveBack(perMinute);
        }
    }

    private static bool Counts(SessionCommand command) =>
        command.Caller != Caller.Server && command is PostMessage or EditMessage or React or UpdateSession or ArchiveSession or AddMember or RemoveMember;

    private Rejected? Take(Caller caller, int tokens)
    {
        var swept = Volatile.Read(ref _swept);
        if (time.GetElapsedTime(swept) >= SweepEvery && Interlocked.CompareExchange(ref _swept, time.GetTimestamp(), swept) == swept)
        {
            Forget();
        }
        var wait = _buckets.GetOrAdd(caller.UserId, _ => new Bucket(perMinute, time.GetTimestamp())).Take(Math.Min(tokens, perMinute), perMinute, time);
        return wait == TimeSpan.Zero ? null : new Rejected(ErrorCode.RateLimit, "Too many messages", wait);
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

        /// <summary>Zero when the tokens were taken, else how long until there are so many.</summary>
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
