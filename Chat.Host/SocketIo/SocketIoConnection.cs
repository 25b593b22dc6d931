using System.Text.Json;
using Chat.Host.SocketIo.Engine;
using Chat.Protocol;

namespace Chat.Host.SocketIo;

/// <summary>What Socket.IO does on one Engine.IO session: the packets of a client, and its sockets in their namespaces.</summary>
#pragma warning disable CA1001 // The semaphore has no wait handle, and whoever waits at it must be let in; the timer ends with the session.
internal sealed class SocketIoConnection : IEngineHandler
#pragma warning restore CA1001
{
    private readonly SocketIoServer _server;
    private readonly ITimer _connectTimeout;

    /// <summary>One callback of the application at a time.</summary>
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Guards itself and <see cref="_dismissed"/>.</summary>
    private readonly List<SocketIoSocket> _sockets = new(1);

    /// <summary>Namespaces that the server made it leave: the client may not know yet, and is not to be ended for what it still sends there.</summary>
    private List<string>? _dismissed;

    private BinaryPacket? _arriving;

    public SocketIoConnection(SocketIoServer server, EngineSession session)
    {
        _server = server;
        Session = session;
        using (ExecutionContext.SuppressFlow())
        {
            _connectTimeout = server.Time.CreateTimer(
                static state => ((EngineSession)state!).Close(CloseCode.Refused, "No namespace joined"), session, server.Options.ConnectTimeout, Timeout.InfiniteTimeSpan);
        }
    }

    public EngineSession Session { get; }

    public async ValueTask<bool> ReceiveAsync(EngineMessage message)
    {
        await _turn.WaitAsync();
        try
        {
            return message.IsBinary ? await ReceiveAttachmentAsync(message.Data) : await ReceiveTextAsync(message.Data);
        }
        finally
        {
            _turn.Release();
        }
    }

    public async ValueTask EndedAsync(EngineEndReason reason)
    {
        await _connectTimeout.DisposeAsync();
        await _turn.WaitAsync();
        try
        {
            foreach (var socket in TakeAll())
            {
                await NotifyLeftAsync(socket, reason switch
                {
                    EngineEndReason.ClosedByClient => DisconnectReason.TransportClosed,
                    EngineEndReason.ClosedByServer => DisconnectReason.ServerClosed,
                    EngineEndReason.PingTimeout => DisconnectReason.PingTimeout,
                    EngineEndReason.ParseError => DisconnectReason.ParseError,
                    _ => DisconnectReason.TransportError,
                });
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>By the server, on any thread, in a callback too: the application hears of it when that has completed.</summary>
    public void Disconnect(SocketIoSocket socket)
    {
        if (!Leave(socket, isByServer: true))
        {
            return;
        }
        Session.Send(SocketIoPacket.Encode(new SocketIoHeader(SocketIoPacketType.Disconnect, 0, socket.Namespace.Name, null)));
        _ = Task.Run(async () =>
        {
            await _turn.WaitAsync();
            try
            {
                await NotifyLeftAsync(socket, DisconnectReason.ServerLeft);
            }
            catch (Exception e)
            {
                Session.Fail(e);
            }
            finally
            {
                _turn.Release();
            }
        });
    }

    private ValueTask<bool> ReceiveTextAsync(ReadOnlyMemory<byte> text)
    {
        if (_arriving is not null || !SocketIoPacket.TryRead(text.Span, out var header, out var jsonStart) || header.Attachments > _server.Options.MaxAttachments)
        {
            return new(false);
        }
        var json = text[jsonStart..];
        if (header.Attachments == 0)
        {
            return DispatchAsync(header, json, []);
        }
        _arriving = new BinaryPacket(header, json.ToArray());
        return new(true);
    }

    private ValueTask<bool> ReceiveAttachmentAsync(ReadOnlyMemory<byte> bytes)
    {
        if (_arriving is not { } packet)
        {
            return new(false);
        }
        if (packet.Length + bytes.Length > _server.Options.MaxPacketBytes)
        {
            Session.End(new EngineEnd(EngineEndReason.ParseError, CloseCode.TooLarge, $"A packet has at most {_server.Options.MaxPacketBytes} bytes"));
            return new(true);
        }
        packet.Add(bytes);
        if (!packet.IsComplete)
        {
            return new(true);
        }
        _arriving = null;
        return DispatchAsync(packet.Header, packet.Json, packet.Attachments);
    }

    private async ValueTask<bool> DispatchAsync(SocketIoHeader header, ReadOnlyMemory<byte> json, IReadOnlyList<ReadOnlyMemory<byte>> attachments)
    {
        using var document = json.IsEmpty ? null : Parse(json);
        var root = document?.RootElement;
        if (document is null && !json.IsEmpty)
        {
            return false;
        }
        var socket = Find(header.Space);
        if (header.Type == SocketIoPacketType.Connect)
        {
            return socket is null && (root is null or { ValueKind: JsonValueKind.Object }) && await ConnectAsync(header.Space, root);
        }
        if (socket is null)
        {
            return IsDismissed(header.Space);
        }
        switch (header.Type)
        {
            case SocketIoPacketType.Disconnect:
                if (root is null && Leave(socket, isByServer: false))
                {
                    await NotifyLeftAsync(socket, DisconnectReason.ClientLeft);
                }
                return root is null;
            case SocketIoPacketType.Event or SocketIoPacketType.BinaryEvent:
                return IsEvent(root, attachments.Count) && await HandleAsync(new SocketIoEvent(socket, root!.Value, attachments, header.Id));
            case SocketIoPacketType.Ack or SocketIoPacketType.BinaryAck:
                // This server asks for none; one that comes all the same has to be well-formed.
                return header.Id is not null && root is { ValueKind: JsonValueKind.Array } && EventArguments.AreResolved(root.Value, attachments.Count);
            default:
                return false;
        }
    }

    private async ValueTask<bool> ConnectAsync(string name, JsonElement? auth)
    {
        int joined;
        lock (_sockets)
        {
            joined = _sockets.Count;
        }
        var refusal = joined >= _server.Options.MaxNamespaces ? new ConnectRefusal("Too many namespaces") : null;
        if (refusal is null && _server.Find(name) is { } space)
        {
            var socket = new SocketIoSocket(this, space);
            refusal = space.OnConnecting is { } ask ? await ask(socket, auth) : null;
            if (refusal is null)
            {
                await JoinAsync(socket, auth);
                return true;
            }
        }
        Session.Send(SocketIoPacket.EncodeRefused(name, refusal ?? new ConnectRefusal("Invalid namespace")));
        return true;
    }

    private async ValueTask JoinAsync(SocketIoSocket socket, JsonElement? auth)
    {
        var name = socket.Namespace.Name;
        lock (_sockets)
        {
            _dismissed?.Remove(name);
            _sockets.Add(socket);
            Session.Send(SocketIoPacket.EncodeConnected(name, socket.Id));
            socket.IsConnected = true;
        }
        await _connectTimeout.DisposeAsync();
        if (socket.Namespace.OnConnected is { } tell)
        {
            await tell(socket, auth);
        }
    }

    private static async ValueTask<bool> HandleAsync(SocketIoEvent e)
    {
        if (e.Socket.Namespace.Find(e.Name) is { } handle)
        {
            await handle(e);
        }
        return true;
    }

    private static bool IsEvent(JsonElement? root, int attachments) =>
        root is { ValueKind: JsonValueKind.Array } array && array.GetArrayLength() > 0 && array[0].ValueKind is JsonValueKind.String or JsonValueKind.Number
        && (attachments == 0 || EventArguments.AreResolved(array, attachments));

    private JsonDocument? Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            return JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = _server.Options.MaxDepth });
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private SocketIoSocket? Find(string space)
    {
        lock (_sockets)
        {
            foreach (var socket in _sockets)
            {
                if (socket.Namespace.Name == space)
                {
                    return socket;
                }
            }
            return null;
        }
    }

    private bool IsDismissed(string space)
    {
        lock (_sockets)
        {
            return _dismissed?.Contains(space) is true;
        }
    }

    /// <summary>False when it has left already.</summary>
    private bool Leave(SocketIoSocket socket, bool isByServer)
    {
        lock (_sockets)
        {
            socket.IsConnected = false;
            if (!_sockets.Remove(socket))
            {
                return false;
            }
            if (isByServer)
            {
                (_dismissed ??= []).Add(socket.Namespace.Name);
            }
            return true;
        }
    }

    private SocketIoSocket[] TakeAll()
    {
        lock (_sockets)
        {
            SocketIoSocket[] all = [.. _sockets];
            _sockets.Clear();
            foreach (var socket in all)
            {
                socket.IsConnected = false;
            }
            return all;
        }
    }

    private static ValueTask NotifyLeftAsync(SocketIoSocket socket, DisconnectReason reason) => socket.Namespace.OnDisconnected?.Invoke(socket, reason) ?? default;
}
