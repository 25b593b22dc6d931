using Chat.Protocol;

namespace Chat.Actors.Cluster;

/// <summary>The live nodes, as this one sees them; two nodes may see different ones for a while, and nothing rests on that they do not.</summary>
public interface INodeRegistry
{
    /// <summary>This node's name; differs from start to start.</summary>
    string Self { get; }

    /// <summary>By name, this one among them unless it is draining and others have noticed.</summary>
    IReadOnlyList<NodeInfo> Nodes { get; }

    /// <summary>Where commands of this session go: this node's own name, or another's.</summary>
    string HomeOf(SessionId session);

    /// <summary>A node has come or gone, or begun to drain.</summary>
    event Action? Changed;
}

/// <param name="Address">Where other nodes and operators reach it over HTTP.</param>
/// <param name="IsDraining">It finishes what it has; nothing new goes there.</param>
/// <param name="Reads">Manifests of the events that it can read, with spaces between them; null from a version that reads the first of each.</param>
public sealed record NodeInfo(string Name, string Address, DateTimeOffset StartedAt, bool IsDraining, string? Reads = null);
