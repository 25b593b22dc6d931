namespace Chat.Protocol;

/// <summary>Client frames of the participant WebSocket (seed 001), from bytes.</summary>
public static class ParticipantReader
{
    /// <summary>The frame, or why it is refused. No bytes make it throw.</summary>
    /// <param name="clientMessageId">The refused frame's own id, where it had one.</param>
    public static ParticipantRequest? Read(ReadOnlyMemory<byte> bytes, out Rejected? rejected, out string? clientMessageId) =>
        ClientFrame.Read<ParticipantRequest>(bytes, Read, out rejected, out clientMessageId);

    private static ParticipantRequest? Read(string? type, JsonFields f, string? clientId) => type switch
    {
        "chat_message" => new ParticipantRequest.Message(ContentOf(f, "Message content cannot be empty"), IsQuestion: false) { ClientMessageId = clientId },
        "question" => new ParticipantRequest.Message(ContentOf(f, "Question content cannot be empty"), IsQuestion: true) { ClientMessageId = clientId },
        "participant_update" => new ParticipantRequest.Update(),
        "typing" => new ParticipantRequest.Typing(f.Flag("is_typing", absent: false)),
        _ => null,
    };

    /// <summary>Trimmed, as the seed does; absent is empty.</summary>
    private static string ContentOf(JsonFields f, string whenEmpty)
    {
        var content = (f.OptionalText("content") ?? "").Trim();
        var bad = content.Length == 0
            ? new Rejected(ErrorCode.EmptyMessage, whenEmpty)
            : Limits.CheckText("content", content, Limits.ShortContent);
        return bad is null ? content : throw new FieldException(bad.Text, bad.Code);
    }
}
