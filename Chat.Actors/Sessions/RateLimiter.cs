using System.Collections.Concurrent;
using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>One token bucket per user over all faces: capacity a minute's messages, refilled evenly.</summary>
public sealed class RateLimiter(int perMinute, TimeProvider time)
{
    /// <summary>Full buckets are forgotten when so many are kept, once in the time in which an empty one fills: before that there is little to forget.</summary>
    private const int Kept = 10_000;

    private static readonly TimeSpan ForgetInterval = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Members that a new session may have for one token: each is a row of the read model, which all lists and pages wait for. One request of 64 KB has room for
    /// 10,000 of them.
    /// </summary>
    private const int MembersPerToken = 100;

    private readonly ConcurrentDictionary<string, Bucket> _buckets = new(StringComparer.Ordinal);
    private long _forgotAt = time.GetTimestamp();

    /// <summary>Takes one token for a command that counts; null when there was one.</summary>
    public Rejected? Take(SessionCommand command)
    {
        if (command is not (PostMessage or EditMessage or React or UpdateSession or ArchiveSession or AddMember or RemoveMember) || command.Caller == Caller.Server)
        {
            return null;
        }
        return Take(command.Caller, tokens: 1);
    }

    /// <summary>For a session that is to be made. Asked before its names are claimed, and not by <see cref="Take(SessionCommand)"/> again.</summary>
    public Rejected? TakeFor(CreateSession command) => Take(command.Caller, 1 + (command.Members.Count / MembersPerToken));

    private Rejected? Take(Caller caller, int tokens)
    {
        ForgetFull();
        var wait = _buckets.GetOrAdd(caller.UserId, _ => new Bucket(perMinute, time.GetTimestamp())).Take(Math.Min(tokens, perMinute), perMinute, time);
        return wait == TimeSpan.Zero ? null : new Rejected(ErrorCode.RateLimit, "Too many messages", wait);
    }

    private void ForgetFull()
    {
        var forgotAt = Volatile.Read(ref _forgotAt);
        if (time.GetElapsedTime(forgotAt) < ForgetInterval || Interlocked.CompareExchange(ref _forgotAt, time.GetTimestamp(), forgotAt) != forgotAt || _buckets.Count <= Kept)
        {
            return;
        }
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
