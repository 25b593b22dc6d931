namespace Chat.Protocol;

/// <summary>Client frames of the native WebSocket, from bytes.</summary>
public static class NativeReader
{
    /// <summary>The frame, or why it is refused. No bytes make it throw.</summary>
    /// <param name="clientMessageId">The refused frame's own id, where it had one.</param>
    public static NativeRequest? Read(ReadOnlyMemory<byte> bytes, out Rejected? rejected, out string? clientMessageId) =>
        ClientFrame.Read<NativeRequest>(bytes, Read, out rejected, out clientMessageId);

    private static NativeRequest? Read(string? type, JsonFields f, string? clientId) => type switch
    {
        "message" => new NativeRequest.Message(f.Text("content"), f.OptionalText("message_type") ?? "text", f.OptionalObject("metadata"), f.OptionalText("reply_to")) { ClientMessageId = clientId },
        "typing" => new NativeRequest.Typing(f.Flag("is_typing")),
        "file" => new NativeRequest.File(f.Text("file_id"), f.OptionalText("message")) { ClientMessageId = clientId },
        "read" => new NativeRequest.Read(f.Number("seq")),
        "edit" => new NativeRequest.Edit(f.Text("message_id"), f.Text("content")) { ClientMessageId = clientId },
        "delete" => new NativeRequest.Delete(f.Text("message_id")) { ClientMessageId = clientId },
        "react" => new NativeRequest.React(f.Text("message_id"), f.Text("emoji"), f.Flag("remove", absent: false)) { ClientMessageId = clientId },
        "stop" => new NativeRequest.Stop(f.OptionalText("message_id")) { ClientMessageId = clientId },
        "stream_start" => new NativeRequest.StreamStart(f.OptionalText("content")) { ClientMessageId = f.OptionalText("message_id") ?? clientId },
        "stream_chunk" => new NativeRequest.StreamChunk(f.OptionalText("message_id"), f.Text("content"), f.OptionalInt("index")) { ClientMessageId = clientId },
        "stream_end" => new NativeRequest.StreamEnd(f.OptionalText("message_id"), f.OptionalText("content"), f.OptionalInt("tokens_used") ?? 0, f.OptionalInt("latency_ms")) { ClientMessageId = clientId },
        "sync" => new NativeRequest.Sync(f.Number("since")),
        "auth" => new NativeRequest.Auth(f.Text("token")) { ClientMessageId = clientId },
        "ping" => new NativeRequest.Ping(),
        _ => null,
    };
}
