using System.Text.Json;

namespace Chat.Protocol;

/// <summary>A message as a room shows it.</summary>
/// <param name="Username">The sender's shown name.</param>
/// <param name="Content">A file's is not shown: its name stands there.</param>
/// <param name="Metadata">A JSON object whose fields stand beside the message's own.</param>
public sealed record RoomMessage(MessageId Id, string Username, string Content, DateTimeOffset At, string? Metadata = null, PostedFile? File = null)
{
    /// <summary>Names that are the room's to give, whoever sent the message.</summary>
    private static readonly string[] Reserved = ["username", "content", "room_id", "timestamp", "file"];

    /// <summary>Null where the event is no message.</summary>
    public static RoomMessage? Of(SessionEvent e) => e switch
    {
        MessagePosted m => new RoomMessage(m.MessageId, m.SenderName, m.Content, m.At, m.Metadata, (m as FilePosted)?.File),
        StreamEnded s => new RoomMessage(s.MessageId, s.SenderName, s.Content, s.At),
        _ => null,
    };

    internal byte[] Encode(string roomId) => JsonFrame.WriteObject((message: this, roomId), static (w, s) =>
    {
        w.WriteString("username"u8, s.message.Username);
        w.WriteString("content"u8, s.message.File?.Name ?? s.message.Content);
        w.WriteString("room_id"u8, s.roomId);
        w.WriteTime("timestamp"u8, s.message.At);
        s.message.File?.Write(w);
        if (s.message.Metadata is { } metadata)
        {
            WriteOthers(w, metadata);
        }
    });

    /// <summary>Of a name that stands there twice the last one counts, as in every browser.</summary>
    private static void WriteOthers(Utf8JsonWriter w, string metadata)
    {
        using var document = JsonDocument.Parse(metadata);
        var fields = new OrderedDictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var property in document.RootElement.EnumerateObject())
        {
            fields[property.Name] = property.Value;
        }
        foreach (var (name, value) in fields)
        {
            if (!Reserved.Contains(name))
            {
                w.WritePropertyName(name);
                w.WriteRawValue(value.GetRawText(), skipInputValidation: true);
            }
        }
    }
}
