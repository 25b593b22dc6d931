using System.Buffers.Text;
using System.Security.Cryptography;
using Chat.Host.SocketIo.Engine;
using Chat.Protocol;

namespace Chat.Host.SocketIo;

/// <summary>One client in one namespace. Any thread may send; what one thread sends keeps its order.</summary>
public sealed class SocketIoSocket
{
    /// <summary>No padding in base64.</summary>
    private const int IdBytes = 15;

    private readonly SocketIoConnection _connection;
    private volatile bool _isConnected;

    internal SocketIoSocket(SocketIoConnection connection, SocketIoNamespace space)
    {
        _connection = connection;
        Namespace = space;
    }

    /// <summary>Known to the client; another one than the session's, which is secret.</summary>
    public string Id { get; } = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(IdBytes));

    public SocketIoNamespace Namespace { get; }

    /// <summary>The Engine.IO session that carries it: remote address, what was kept of the handshake, and <see cref="EngineSession.Close"/> with a code.</summary>
    public EngineSession Session => _connection.Session;

    /// <summary>The application's own, to find its state again.</summary>
    public object? State { get; set; }

    /// <summary>Has joined and not left.</summary>
    public bool IsConnected
    {
        get => _isConnected;
        internal set => _isConnected = value;
    }

    /// <summary>Sends an event with these arguments; nothing once it has left.</summary>
    public void Emit(string name, Action<ArgumentWriter>? arguments = null)
    {
        if (_isConnected)
        {
            Send(isAck: false, id: null, ArgumentWriter.Write(name, arguments));
        }
    }

    /// <summary>Sends a packet made by <see cref="SocketIoPacket.EncodeEvent"/> for this namespace, which many sockets may share.</summary>
    public void Send(Frame packet)
    {
        if (_isConnected)
        {
            Session.Send(packet);
        }
    }

    /// <summary>As <see cref="EngineSession.WhenWritableAsync"/>; false also when the socket has left its namespace.</summary>
    public async ValueTask<bool> WhenWritableAsync(CancellationToken cancellation = default) =>
        _isConnected && await Session.WhenWritableAsync(cancellation) && _isConnected;

    /// <summary>Leaves the namespace with a disconnect packet; the session and its other namespaces live on.</summary>
    public void Disconnect() => _connection.Disconnect(this);

    internal void Send(bool isAck, long? id, ArgumentWriter writer)
    {
        if (_isConnected)
        {
            Session.Send(SocketIoPacket.Encode(isAck, Namespace.Name, id, writer));
        }
    }
}
