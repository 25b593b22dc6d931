using System.Collections.Concurrent;
using Chat.Actors.Cluster;
using Chat.Actors.Runtime;
using Chat.Protocol;

namespace Chat.Actors.AkkaEngine;

/// <summary>What a node's entities tell each other: which there are, and whose snapshot is of no use.</summary>
internal sealed class SessionEntities(TimeProvider time)
{
    private readonly ConcurrentDictionary<SessionId, byte> _here = new();
    private readonly ConcurrentDictionary<SessionId, byte> _passedOver = new();

    private readonly ConcurrentDictionary<string, TransitTimes> _transits = new(StringComparer.Ordinal);

    public int Count => _here.Count;

    /// <summary>Known from what it has asked any session here: the first that reaches one may have lain somewhere for long.</summary>
    public TransitTimes TransitFrom(string asker) => _transits.GetOrAdd(asker, static (_, time) => new TransitTimes(time), time);

    public void Add(SessionId session)
    {
        if (_here.TryAdd(session, 0))
        {
            ChatMetrics.SessionsLoaded.Add(1);
        }
    }

    public void Remove(SessionId session)
    {
        if (_here.TryRemove(session, out _))
        {
            ChatMetrics.SessionsLoaded.Add(-1);
        }
    }

    public bool ReadsSnapshotOf(SessionId session) => !_passedOver.ContainsKey(session);

    /// <summary>The session's next start reads its log from the beginning; the snapshot after that is this version's.</summary>
    public void PassOverSnapshotOf(SessionId session) => _passedOver[session] = 0;

    /// <summary>It has one of this version's.</summary>
    public void ReadSnapshotOf(SessionId session) => _passedOver.TryRemove(session, out _);
}
