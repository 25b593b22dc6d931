namespace Chat.Actors.AkkaEngine;

/// <summary>What the engine is given of the server's settings.</summary>
public sealed record AkkaOptions
{
    /// <summary>This node's name; differs from start to start.</summary>
    public required string Node { get; init; }

    /// <summary>Where other nodes reach this one's actors.</summary>
    public required string Host { get; init; }

    /// <summary>0: any free one.</summary>
    public required int Port { get; init; }

    /// <summary><c>HOST:PORT</c> of nodes to join; empty: a cluster of this node alone.</summary>
    public required IReadOnlyList<string> Seeds { get; init; }

    /// <summary>HOCON, as <c>hocon/cluster.conf</c>.</summary>
    public required string Settings { get; init; }

    /// <summary>Where the default engine's tables are.</summary>
    public required AkkaDatabase Database { get; init; }

    /// <summary>A write that is not confirmed by then has failed.</summary>
    public required TimeSpan AppendTimeout { get; init; }

    /// <summary>Nodes that there are, this one among them, as they have told each other by another way than Akka.NET's.</summary>
    public required Func<int> CountNodes { get; init; }
}
