namespace Chat.Protocol;

/// <summary>A message that a client of the channel WebSocket sends.</summary>
public sealed record ChannelRequest(string Message) : ClientRequest;

/// <summary>Client frames of the channel WebSocket (seed 004), from bytes.</summary>
public static class ChannelReader
{
    /// <summary>The frame, or why it is refused. No bytes make it throw.</summary>
    /// <param name="clientMessageId">The refused frame's own id, where it had one.</param>
    public static ChannelRequest? Read(ReadOnlyMemory<byte> bytes, out Rejected? rejected, out string? clientMessageId) =>
        ClientFrame.Read<ChannelRequest>(bytes, Read, out rejected, out clientMessageId);

    private static ChannelRequest? Read(string? type, JsonFields f, string? clientId) => type switch
    {
        "MESG" => new ChannelRequest(f.Text("message")) { ClientMessageId = clientId },
        _ => null,
    };
}
