namespace Chat.Host.SocketIo.Engine;

/// <summary>Why a session has ended.</summary>
public enum EngineEndReason
{
    /// <summary>The client has sent a close packet or closed its WebSocket.</summary>
    ClosedByClient,

    /// <summary><see cref="EngineSession.Close"/>.</summary>
    ClosedByServer,

    /// <summary>The network broke, or the client gave up a request.</summary>
    TransportError,

    /// <summary>A ping was not answered.</summary>
    PingTimeout,

    /// <summary>The client broke the protocol.</summary>
    ParseError,
}
