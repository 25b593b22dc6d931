using Chat.Host.SocketIo.Engine;
using Chat.Protocol;

namespace Chat.Host.SocketIo;

/// <summary>One client in one namespace. Any thread may send; what one thread sends keeps its order.</summary>
public sealed class SocketIoSocket
{
    /// <summary>Known to the client; another one than the session's, which is secret.</summary>
    public string Id => throw new NotImplementedException();

    public SocketIoNamespace Namespace => throw new NotImplementedException();

    /// <summary>The Engine.IO session that carries it: remote address, what was kept of the handshake, and <see cref="EngineSession.Close"/> with a code.</summary>
    public EngineSession Session => throw new NotImplementedException();

    /// <summary>The application's own, to find its state again.</summary>
    public object? State { get; set; }

    /// <summary>Has joined and not left.</summary>
    public bool IsConnected => throw new NotImplementedException();

    /// <summary>Sends an event with these arguments; nothing once it has left.</summary>
    public void Emit(string name, Action<ArgumentWriter>? arguments = null) => throw new NotImplementedException();

    /// <summary>Sends a packet made by <see cref="SocketIoPacket.EncodeEvent"/> for this namespace, which many sockets may share.</summary>
    public void Send(Frame packet) => throw new NotImplementedException();

    /// <summary>As <see cref="EngineSession.WhenWritableAsync"/>; false also when the socket has left its namespace.</summary>
    public ValueTask<bool> WhenWritableAsync(CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>Leaves the namespace with a disconnect packet; the session and its other namespaces live on.</summary>
    public void Disconnect() => throw new NotImplementedException();
}
