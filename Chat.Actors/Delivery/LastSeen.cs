using System.Collections.Concurrent;
using Chat.Protocol;

namespace Chat.Actors.Delivery;

/// <summary>When a user's last socket left a session. Kept in memory only, for the newest ones.</summary>
public sealed class LastSeen
{
    private const int Capacity = 100_000;

    private readonly ConcurrentDictionary<(SessionId, string), DateTimeOffset> _times = new();
    private readonly ConcurrentQueue<(SessionId, string)> _order = new();

    /// <summary>Set once: told what this node has seen.</summary>
    public Action<SessionId, string, DateTimeOffset>? Tell { get; set; }

    public void Set(SessionId session, string userId, DateTimeOffset at)
    {
        Take(session, userId, at);
        Tell?.Invoke(session, userId, at);
    }

    /// <summary>Another node has seen it.</summary>
    internal void Take(SessionId session, string userId, DateTimeOffset at)
    {
        if (_times.TryAdd((session, userId), at))
        {
            _order.Enqueue((session, userId));
        }
        else
        {
            _times[(session, userId)] = at;
        }
        if (_times.Count > Capacity && _order.TryDequeue(out var oldest))
        {
            _times.TryRemove(oldest, out _);
        }
    }

    public DateTimeOffset? Find(SessionId session, string userId) =>
        _times.TryGetValue((session, userId), out var at) ? at : null;
}
