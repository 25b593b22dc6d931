namespace Chat.Actors.Cluster;

/// <summary>
/// Carries messages between the nodes, fast and at most once: what is published may be lost, doubled or late. Nothing that must not be lost may depend on it:
/// the journal has the truth, and a hole in <c>seq</c> is filled from there.
/// </summary>
public interface INodeBus : IAsyncDisposable
{
    /// <summary>The other nodes can be reached, as far as is known.</summary>
    bool IsUp { get; }

    /// <summary>
    /// What other nodes publish to the topic from now on (or a moment later: subscribing takes a round trip) is given to the handler, one message at a time and each
    /// publisher's in their order, as far as they come. The handler must not block. Ends with the subscription's disposal.
    /// </summary>
    IDisposable Subscribe(string topic, Action<ReadOnlyMemory<byte>> handler);

    /// <summary>To the topic's subscribers on all other nodes. Never blocks and never fails.</summary>
    void Publish(string topic, ReadOnlyMemory<byte> message);

    /// <summary>As <see cref="Publish"/>. False where it is known that no other node took it.</summary>
    ValueTask<bool> TryPublishAsync(string topic, ReadOnlyMemory<byte> message);

    /// <summary>Raised when the other nodes can be reached again: what was published meanwhile is lost.</summary>
    event Action? Restored;
}
