namespace Chat.Host.SocketIo.Engine;

/// <summary>The payload of a message packet, without its type. The bytes are the transport's own and are used again once it has been handled.</summary>
/// <param name="Data">Well-formed UTF-8 where it is text.</param>
public readonly record struct EngineMessage(ReadOnlyMemory<byte> Data, bool IsBinary);
