using Chat.Host.SocketIo.Engine;

namespace Chat.Host.SocketIo;

/// <summary>How a <see cref="SocketIoServer"/> treats its clients. What goes over a limit ends the Engine.IO session, unless it says otherwise.</summary>
public sealed record SocketIoOptions
{
    public EngineOptions Engine { get; init; } = new();

    /// <summary>An Engine.IO session that has joined no namespace by then is closed.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>Namespaces that one Engine.IO session may be in at once; one more gets a connect error.</summary>
    public int MaxNamespaces { get; init; } = 8;

    /// <summary>Attachments of one packet.</summary>
    public int MaxAttachments { get; init; } = 10;

    /// <summary>Bytes of one packet together with its attachments (over it: close 1009).</summary>
    public int MaxPacketBytes { get; init; } = 1_000_000;

    /// <summary>Levels of JSON, the array of an event being the first.</summary>
    public int MaxDepth { get; init; } = 32;
}
