namespace Chat.Protocol;

/// <summary>What a client of the channel WebSocket sends.</summary>
public abstract record ChannelRequest : ClientRequest
{
    public sealed record Message(string Content) : ChannelRequest;

    /// <summary><c>FILE</c> or <c>IMAGE</c>: the file's own type decides which of them it is shown as.</summary>
    /// <param name="Content">Null: the file's name.</param>
    public sealed record File(string FileId, string? Content) : ChannelRequest;
}

/// <summary>Client frames of the channel WebSocket (seed 004), from bytes.</summary>
public static class ChannelReader
{
    /// <summary>The frame, or why it is refused. No bytes make it throw.</summary>
    /// <param name="clientMessageId">The refused frame's own id, where it had one.</param>
    public static ChannelRequest? Read(ReadOnlyMemory<byte> bytes, out Rejected? rejected, out string? clientMessageId) =>
        ClientFrame.Read<ChannelRequest>(bytes, Read, out rejected, out clientMessageId);

    private static ChannelRequest? Read(string? type, JsonFields f, string? clientId) => type switch
    {
        "MESG" => new ChannelRequest.Message(f.Text("message")) { ClientMessageId = clientId },
        "FILE" or "IMAGE" => new ChannelRequest.File(f.Text("file_id"), f.OptionalText("message")) { ClientMessageId = clientId },
        _ => null,
    };
}
