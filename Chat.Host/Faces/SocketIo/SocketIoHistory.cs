using System.Text.Json;
using Chat.Actors.Persistence;
using Chat.Protocol;

namespace Chat.Host.Faces.SocketIo;

/// <summary>A message as <c>chat_history</c> shows it: the fields of <c>new_message</c>, as it stands now.</summary>
internal static class SocketIoHistory
{
    public static void Write(Utf8JsonWriter w, MessageRow row)
    {
        w.WriteStartObject();
        w.WriteString("id"u8, row.MessageId.Value);
        w.WriteString("participant_nickname"u8, row.SenderName);
        // A deleted one keeps its place; the seed's clients expect a text there.
        w.WriteString("message"u8, row.Content ?? "");
        w.WriteString("message_type"u8, row.MessageType);
        w.WriteTime("created_at"u8, row.CreatedAt);
        w.WriteNumber("seq"u8, row.Seq);
        w.WriteBoolean("is_edited"u8, row.IsEdited);
        w.WriteBoolean("is_deleted"u8, row.IsDeleted);
        row.File?.Write(w);
        w.WriteEndObject();
    }
}
