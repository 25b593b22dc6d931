using Chat.Protocol;

namespace Chat.Host.SocketIo.Engine;

/// <summary>The end of a session: the reason for the application, code and text for a WebSocket's close frame.</summary>
internal sealed record EngineEnd(EngineEndReason Reason, int Code, string Text)
{
    public static readonly EngineEnd ByClient = new(EngineEndReason.ClosedByClient, CloseCode.Normal, "");
    public static readonly EngineEnd Lost = new(EngineEndReason.TransportError, CloseCode.Normal, "");
    public static readonly EngineEnd Silent = new(EngineEndReason.PingTimeout, CloseCode.Overloaded, "No sign of life");
    public static readonly EngineEnd Malformed = new(EngineEndReason.ParseError, CloseCode.Refused, "Not the protocol");

    /// <summary>What is queued still goes out before it.</summary>
    public bool IsOrderly => Reason == EngineEndReason.ClosedByServer;

    /// <summary>A poll that comes later is still told so; after any other end the session is unknown at once.</summary>
    public bool IsToldLater => Reason is EngineEndReason.ClosedByServer or EngineEndReason.ClosedByClient;

    /// <summary>A client that closes needs no close packet, only its poll back.</summary>
    public EnginePacket Farewell => Reason == EngineEndReason.ClosedByClient ? EnginePacket.Noop : EnginePacket.Close;
}
