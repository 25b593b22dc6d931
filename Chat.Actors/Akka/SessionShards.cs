using Akka.Cluster.Sharding;
using Chat.Actors.Cluster;

namespace Chat.Actors.AkkaEngine;

/// <summary>A session's entity is named as the session, and its shard by the hash that both engines share.</summary>
internal sealed class SessionShards : IMessageExtractor
{
    /// <summary>Of all nodes together: ten for each of as many nodes as one cluster is likely to have. All nodes must agree, so it never changes.</summary>
    public const int Count = 100;

    public string? EntityId(object message) => message is SessionAsk ask ? ask.Session.Value : null;

    public object EntityMessage(object message) => message;

    public string? ShardId(object message) => EntityId(message) is { } session ? ShardId(session, message) : null;

    public string ShardId(string entityId, object? messageHint = null) =>
        Rendezvous.ShardOf(entityId, Count).ToString(System.Globalization.CultureInfo.InvariantCulture);
}
