using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>
/// One token bucket per user over all faces for messages, edits and reactions: capacity a minute's messages, refilled evenly. Making and changing
/// sessions has a second bucket of the same size, so that it costs no message.
/// </summary>
public sealed class RateLimiter(int perMinute, TimeProvider time)
{
    /// <summary>
    /// Members that a new session may have for one token: each is a row of the read model, which all lists and pages wait for. One request of 64 KB has room for
    /// 10,000 of them.
    /// </summary>
    private const int MembersPerToken = 100;

    private readonly TokenBuckets<(string UserId, bool ForSessions)> _buckets = new(perMinute, time);

    /// <summary>Buckets that are kept.</summary>
    internal int Count => _buckets.Count;

    /// <summary>Set once: told what was given (or returned, below zero), for the other nodes' buckets of the same user.</summary>
    internal Action<string, bool, int>? Given { get; set; }

    /// <summary>Another node has given so many.</summary>
    internal void Charge(string userId, bool forSessions, int tokens) => _buckets.Charge((userId, forSessions), tokens);

    /// <summary>Takes one token for a command that counts; null when there was one.</summary>
    public Rejected? Take(SessionCommand command) => KeyOf(command) is { } key ? Take(key, tokens: 1) : null;

    /// <summary>For a session that is to be made. Asked before its names are claimed, and not by <see cref="Take(SessionCommand)"/> again.</summary>
    public Rejected? TakeFor(CreateSession command) => Take((command.Caller.UserId, ForSessions: true), 1 + (command.Members.Count / MembersPerToken));

    /// <summary>Returns the token of a command that turned out to send nothing.</summary>
    public void GiveBack(SessionCommand command)
    {
        if (KeyOf(command) is { } key)
        {
            _buckets.GiveBack(key);
            Given?.Invoke(key.UserId, key.ForSessions, -1);
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
        if (_buckets.Take(key, tokens) is var wait && wait > TimeSpan.Zero)
        {
            return new Rejected(ErrorCode.RateLimit, key.ForSessions ? "Too many changes of sessions" : "Too many messages", wait);
        }
        Given?.Invoke(key.UserId, key.ForSessions, Math.Min(tokens, perMinute));
        return null;
    }
}
