namespace Chat.Protocol;

/// <summary>A message that a client of the room WebSocket sends.</summary>
/// <param name="Username">Not blank; null where the frame has none.</param>
/// <param name="Metadata">The fields that the room passes through, as a JSON object; null where there are none.</param>
public sealed record RoomRequest(string? Username, string Content, string? Metadata) : ClientRequest;

/// <summary>Client frames of the room WebSocket (seed 002), from bytes.</summary>
public static class RoomReader
{
    /// <summary>The frame, or why it is refused. No bytes make it throw.</summary>
    /// <param name="clientMessageId">The refused frame's own id, where it had one.</param>
    public static RoomRequest? Read(ReadOnlyMemory<byte> bytes, out Rejected? rejected, out string? clientMessageId)
    {
        string? id = null;
        var request = ClientFrame.ReadObject(
            bytes,
            fields =>
            {
                id = ClientFrame.Checked("client_message_id", fields.TextOrNull("client_message_id"));
                var username = ClientFrame.Checked("username", fields.OptionalText("username"));
                if (username is not null && string.IsNullOrWhiteSpace(username))
                {
                    throw new FieldException("username must not be blank");
                }
                return new RoomRequest(username, fields.Text("content"), fields.Others(["username", "content", "room_id", "timestamp"])) { ClientMessageId = id };
            },
            out rejected);
        clientMessageId = id;
        return request;
    }
}
