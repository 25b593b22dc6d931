using System.Text;

namespace Chat.Actors.Cluster;

/// <summary>
/// Highest random weight: every node that sees the same nodes names the same home for a session, and a node's going moves its own sessions only.
/// </summary>
public static class Rendezvous
{
    /// <summary>Null where there are no nodes. Their order does not matter.</summary>
    public static string? HomeOf(string session, IReadOnlyList<string> nodes)
    {
        string? home = null;
        ulong best = 0;
        foreach (var node in nodes)
        {
            var weight = Weight(node, session);
            if (home is null || weight > best || weight == best && string.CompareOrdinal(node, home) < 0)
            {
                (home, best) = (node, weight);
            }
        }
        return home;
    }

    /// <summary>One of so many shards, the same on every node and in every version: for an engine that places sessions by the shard.</summary>
    public static int ShardOf(string session, int shards) => (int)(Weight("", session) % (ulong)shards);

    /// <summary>FNV-1a over both names, mixed, since the last bytes of it alone reach the high bits too little.</summary>
    private static ulong Weight(string node, string session)
    {
        var hash = Add(Add(14695981039346656037, node) ^ 0xff, session);
        hash ^= hash >> 33;
        hash *= 0xff51afd7ed558ccd;
        hash ^= hash >> 33;
        hash *= 0xc4ceb9fe1a85ec53;
        return hash ^ (hash >> 33);
    }

    private static ulong Add(ulong hash, string text)
    {
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            hash = (hash ^ b) * 1099511628211;
        }
        return hash;
    }
}
