namespace Chat.Actors.AkkaEngine;

/// <summary>What a node does about a cluster that is not whole, as it and the registry of nodes tell: a network that is mended does not bring two clusters together.</summary>
internal enum ClusterCare
{
    None,

    /// <summary>Nobody is there to be joined: this node, the first seed, begins a cluster.</summary>
    Found,

    /// <summary>The others are more: this node gives up its own cluster and joins theirs.</summary>
    JoinAgain,
}

internal static class ClusterCares
{
    /// <summary>So long a node that begins another life looks for the others.</summary>
    public static readonly TimeSpan OutsideFor = TimeSpan.FromSeconds(30);

    /// <summary>So long a node may see fewer members than there are nodes: those that start or go are in one list before the other.</summary>
    public static readonly TimeSpan ApartFor = TimeSpan.FromSeconds(20);

    /// <param name="isUp">A member of a cluster.</param>
    /// <param name="isSeed">The first seed.</param>
    /// <param name="members">Of its cluster.</param>
    /// <param name="hasSeed">The first seed is one of them.</param>
    /// <param name="nodes">In the registry.</param>
    /// <param name="lasting">Since when it has been so, outside or with too few.</param>
    public static ClusterCare Of(bool isUp, bool isSeed, int members, bool hasSeed, int nodes, TimeSpan lasting) =>
        !isUp ? isSeed && lasting >= OutsideFor ? ClusterCare.Found : ClusterCare.None
        : IsSmaller(members, hasSeed, nodes) && lasting >= ApartFor ? ClusterCare.JoinAgain
        : ClusterCare.None;

    /// <summary>Of two halves the one with the first seed stays.</summary>
    public static bool IsSmaller(int members, bool hasSeed, int nodes) => 2 * members < nodes || 2 * members == nodes && !hasSeed;
}
