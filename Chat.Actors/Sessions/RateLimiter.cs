using System.Collections.Concurrent;
using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>
/// One token bucket per user over all faces for messages, edits and reactions: capacity a minute's messages, refilled evenly. Making and changing
/// sessions has a second bucket of the same size, so that it costs no message.
/// </summary>
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

    private readonly ConcurrentDictionary<(string UserId, bool ForSessions), Bucket> _buckets = new();

    /// <summary>Buckets that are kept.</summary>
    internal int Count => _buckets.Count;

    /// <summary>Takes one token for a command that counts; null when there was one.</summary>
    public Rejected? Take(SessionCommand command) => KeyOf(command) is { } key ? Take(key, tokens: 1) : null;

    /// <summary>For a session that is to be made. Asked before its names are claimed, and not by <see cref="Take(SessionCommand)"/> again.</summary>
    public Rejected? TakeFor(CreateSession command) => Take((command.Caller.UserId, ForSessions: true), 1 + (command.Members.Count / MembersPerToken));

    /// <summary>Returns the token of a command that turned out to send nothing.</summary>
    public void GiveBack(SessionCommand command)
    {
        if (KeyOf(command) is { } key && _buckets.TryGetValue(key, out var bucket))
        {
            bucket.GiveBack(perMinute);
        }
    }

    /// <summary>Null for what takes no token.</summary>
    private static (string UserId, bool ForSessions)? KeyOf(SessionCommand command) => command switch
    {
        _ when command.Caller == Caller.Server => null,
        PostMessage or EditMessage or React => (command.Caller.UserId, false),
        UpdateSession or ArchiveSession or AddMember or RemoveMember => (command.Caller.UserId, true),
        _ => null,
    };

    private Rejected? Take((string UserId, bool ForSessions) key, int tokens)
    {
        var swept = Volatile.Read(ref _swept);
        if (time.GetElapsedTime(swept) >= SweepEvery && Interlocked.CompareExchange(ref _swept, time.GetTimestamp(), swept) == swept)
        {
            Forget();
        }
        var wait = _buckets.GetOrAdd(key, _ => new Bucket(perMinute, time.GetTimestamp())).Take(Math.Min(tokens, perMinute), perMinute, time);
        return wait == TimeSpan.Zero ? null : new Rejected(ErrorCode.RateLimit, key.ForSessions ? "Too many changes of sessions" : "Too many messages", wait);
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
