using System.Net;
using Chat.Protocol;

namespace Chat.Host.SocketIo.Engine;

/// <summary>One Engine.IO session, whichever transport it is on. Any thread may send and close.</summary>
public sealed class EngineSession
{
    /// <summary>24 random base64url characters. Whoever knows it can speak as this client: it belongs in no log.</summary>
    public string Id => throw new NotImplementedException();

    /// <summary>Where the handshake came from.</summary>
    public IPAddress? RemoteAddress => throw new NotImplementedException();

    /// <summary>What <see cref="EngineOptions.Admit"/> kept of the handshake.</summary>
    public object? Handshake => throw new NotImplementedException();

    /// <summary>False from the moment at which its end is decided.</summary>
    public bool IsOpen => throw new NotImplementedException();

    /// <summary>
    /// Queues one text packet. Its payload is the whole packet, the type included (<c>4...</c>); thousands of sessions may share the frame: a WebSocket gets
    /// its bytes as they are, a poll its payload. Dropped when the session has ended.
    /// </summary>
    public void Send(Frame packet) => throw new NotImplementedException();

    /// <summary>Queues one binary message. The bytes are kept until they are sent, so they must not change.</summary>
    public void Send(ReadOnlyMemory<byte> binary) => throw new NotImplementedException();

    /// <summary>
    /// Completes once the client has read enough that more may be queued, at once where it has; false when the session has ended. For whoever sends in a loop:
    /// ask before each batch.
    /// </summary>
    public ValueTask<bool> WhenWritableAsync(CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>Ends the session after what is queued: a WebSocket is closed with the code and reason, a poll gets a close packet. The first end stays.</summary>
    public void Close(int code, string reason) => throw new NotImplementedException();
}
