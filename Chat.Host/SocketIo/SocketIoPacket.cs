using Chat.Protocol;

namespace Chat.Host.SocketIo;

/// <summary>The packets of Socket.IO as text.</summary>
public static class SocketIoPacket
{
    /// <summary>An event encoded once for every socket of a namespace, as the text of an Engine.IO packet: <c>42["name",...]</c>. No binary.</summary>
    public static Frame EncodeEvent(string space, string name, Action<ArgumentWriter>? arguments = null) => throw new NotImplementedException();
}
