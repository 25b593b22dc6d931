namespace Chat.Host.SocketIo;

/// <summary>A Socket.IO server, protocol 5. Its namespaces are made and filled before it is mapped.</summary>
public sealed class SocketIoServer
{
    public SocketIoServer(SocketIoOptions options, TimeProvider time, ILogger logger) => throw new NotImplementedException();

    /// <summary>The namespace of that name, made at first use; a client that asks for one that was not made gets <c>Invalid namespace</c>.</summary>
    /// <param name="name">Begins with a slash; <c>/</c> is the main one.</param>
    public SocketIoNamespace Of(string name) => throw new NotImplementedException();

    /// <summary>Engine.IO sessions of this server.</summary>
    public int Count => throw new NotImplementedException();

    /// <summary>Ends every session: WebSockets with the code, polls with a close packet. New ones are refused with 503 from now on.</summary>
    public void CloseAll(int code, string reason) => throw new NotImplementedException();
}
