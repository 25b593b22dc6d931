using System.Text.Json;

namespace Chat.Host.SocketIo;

/// <summary>
/// A namespace and what the application does in it. Of one Engine.IO session, all callbacks of all namespaces run one after the other, in order of
/// arrival; the next packet waits until the callback has completed.
/// </summary>
public sealed class SocketIoNamespace
{
    private readonly Dictionary<string, Func<SocketIoEvent, ValueTask>> _handlers = [];

    internal SocketIoNamespace(string name) => Name = name;

    public string Name { get; }

    /// <summary>
    /// Asked before a socket joins, with the client's <c>auth</c> (a JSON object, or null where it sent none; valid until the callback completes, clone what
    /// is kept). Null lets it in. Nothing can be sent to it yet.
    /// </summary>
    public Func<SocketIoSocket, JsonElement?, ValueTask<ConnectRefusal?>>? OnConnecting { get; set; }

    /// <summary>A socket has joined: it has been told its id, and may be sent to. The same <c>auth</c>.</summary>
    public Func<SocketIoSocket, JsonElement?, ValueTask>? OnConnected { get; set; }

    /// <summary>An event that has no handler; without this hook it is ignored.</summary>
    public Func<SocketIoEvent, ValueTask>? OnUnknownEvent { get; set; }

    /// <summary>A socket that had joined has left, once, whichever side ended it.</summary>
    public Func<SocketIoSocket, DisconnectReason, ValueTask>? OnDisconnected { get; set; }

    /// <summary>One handler for an event; an exception in it ends the session with 1011 and is logged.</summary>
    public void On(string name, Func<SocketIoEvent, ValueTask> handler) => _handlers.Add(name, handler);

    internal Func<SocketIoEvent, ValueTask>? Find(string? name) => name is not null && _handlers.TryGetValue(name, out var handler) ? handler : OnUnknownEvent;
}

/// <summary>Why a socket may not join: the <c>message</c> of the client's error, and its <c>data</c>.</summary>
/// <param name="Data">Written as one JSON value; null for none.</param>
public sealed record ConnectRefusal(string Message, Action<Utf8JsonWriter>? Data = null);

/// <summary>Why a socket has left its namespace.</summary>
public enum DisconnectReason
{
    /// <summary>It has sent a disconnect packet.</summary>
    ClientLeft,

    /// <summary><see cref="SocketIoSocket.Disconnect"/>.</summary>
    ServerLeft,

    /// <summary>The client has closed the Engine.IO session.</summary>
    TransportClosed,

    /// <summary>The network broke.</summary>
    TransportError,

    /// <summary>A ping was not answered.</summary>
    PingTimeout,

    /// <summary>The client broke a protocol or a limit.</summary>
    ParseError,

    /// <summary>The server has closed the Engine.IO session.</summary>
    ServerClosed,
}
