using Chat.Actors.Delivery;
using Chat.Protocol;

namespace Chat.Host.Connections;

/// <summary>What a face does with a socket; <see cref="Connection"/> does the rest.</summary>
internal interface IFaceConnection
{
    /// <summary>One client frame, in the order of arrival. The bytes are the connection's own and are used again afterwards.</summary>
    ValueTask ReceiveAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellation);

    /// <summary>The client has asked for a replay: <see cref="PageAsync"/> is to be called though the subscriber is live.</summary>
    bool HasToPage { get; }

    /// <summary>
    /// One step of a reader that is behind: its frames, in order. True when the subscriber has become live.
    /// </summary>
    /// <exception cref="SessionGoneException" />
    ValueTask<bool> PageAsync(List<Frame> frames, CancellationToken cancellation);
}
