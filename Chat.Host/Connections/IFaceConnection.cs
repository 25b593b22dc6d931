using Chat.Actors.Delivery;
using Chat.Protocol;

namespace Chat.Host.Connections;

/// <summary>A reader of a session who may be behind, whatever its transport.</summary>
internal interface IPagedReader
{
    /// <summary>The client has asked for a replay: <see cref="PageAsync"/> is to be called though the subscriber is live.</summary>
    bool HasToPage { get; }

    /// <summary>
    /// One step of a reader that is behind: its frames, in order. True when the subscriber has become live.
    /// </summary>
    /// <exception cref="SessionGoneException" />
    ValueTask<bool> PageAsync(List<Frame> frames, CancellationToken cancellation);
}

/// <summary>What a face does with a WebSocket; <see cref="Connection"/> does the rest.</summary>
internal interface IFaceConnection : IPagedReader
{
    /// <summary>One client frame, in the order of arrival. The bytes are the connection's own and are used again afterwards.</summary>
    ValueTask ReceiveAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellation);
}

/// <summary>The life of a face's connection beside its frames.</summary>
internal interface ILiveFace : IFaceConnection, IDisposable
{
    /// <summary>The socket has gone.</summary>
    ValueTask EndAsync();
}
