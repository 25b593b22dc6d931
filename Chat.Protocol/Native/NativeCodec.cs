using System.Text.Json;

namespace Chat.Protocol;

/// <summary>Stored and passing events as frames of the native WebSocket (seed 003).</summary>
public sealed class NativeCodec : FaceCodec
{
    public static readonly NativeCodec Instance = new();

    private static readonly int Slot = NewIndex();

    public override int Index => Slot;

    public override Frame? Encode(long seq, long previous, SessionEvent e) => e switch
    {
        MessagePosted m => Stored("message", seq, previous, m, static (w, m) =>
        {
            w.WriteString("message_id"u8, m.MessageId.Value);
            w.WriteString("sender_type"u8, m.SenderType);
            w.WriteString("sender_id"u8, m.SenderId);
            w.WriteString("sender_name"u8, m.SenderName);
            w.WriteString("message_type"u8, m.MessageType);
            w.WriteString("content"u8, m.Content);
            w.WriteTime("timestamp"u8, m.At);
            WriteOptional(w, "client_message_id"u8, m.ClientMessageId);
            WriteOptional(w, "reply_to"u8, m.ReplyTo?.Value);
            if (m.Metadata is { } metadata)
            {
                w.WritePropertyName("metadata"u8);
                w.WriteRawValue(metadata);
            }
            (m as FilePosted)?.File.Write(w);
        }),
        StreamStarted s => Stored("stream_start", seq, previous, s, static (w, s) =>
        {
            w.WriteString("message_id"u8, s.MessageId.Value);
            w.WriteString("sender_type"u8, "agent"u8);
            w.WriteString("sender_id"u8, s.SenderId);
            w.WriteString("sender_name"u8, s.SenderName);
            w.WriteTime("timestamp"u8, s.At);
        }),
        StreamChunk c => Stored("stream_chunk", seq, previous, c, static (w, c) =>
        {
            w.WriteString("message_id"u8, c.MessageId.Value);
            w.WriteString("content"u8, c.Content);
            w.WriteNumber("index"u8, c.Index);
        }),
        StreamEnded s => Stored("stream_end", seq, previous, s, static (w, s) =>
        {
            w.WriteString("message_id"u8, s.MessageId.Value);
            WriteEnd(w, s);
        }),
        MessageEdited m => Stored("message_edited", seq, previous, m, static (w, m) =>
        {
            w.WriteString("message_id"u8, m.MessageId.Value);
            w.WriteString("content"u8, m.Content);
            w.WriteTime("edited_at"u8, m.At);
        }),
        MessageDeleted m => Stored("message_deleted", seq, previous, m, static (w, m) => w.WriteString("message_id"u8, m.MessageId.Value)),
        ReactionChanged r => Stored("reaction", seq, previous, r, static (w, r) =>
        {
            w.WriteString("message_id"u8, r.MessageId.Value);
            w.WriteString("emoji"u8, r.Emoji);
            w.WriteString("user_id"u8, r.UserId);
            w.WriteBoolean("removed"u8, r.Removed);
        }),
        SessionArchived s => StoredSystem("session_archived", seq, previous, s.By, s.At),
        SessionRestored s => StoredSystem("session_restored", seq, previous, s.By, s.At),
        TitleChanged t => Stored("system", seq, previous, t, static (w, t) =>
        {
            w.WriteString("event"u8, "title_changed"u8);
            w.WriteString("title"u8, t.Title);
            w.WriteString("user_id"u8, t.By);
            w.WriteTime("timestamp"u8, t.At);
        }),
        _ => null,
    };

    /// <summary>The answer as the one message that history has of it.</summary>
    public override Frame? EncodeWhole(long seq, long previous, StreamEnded e) => Stored("message", seq, previous, e, static (w, s) =>
    {
        w.WriteString("message_id"u8, s.MessageId.Value);
        w.WriteString("sender_type"u8, "agent"u8);
        w.WriteString("sender_id"u8, s.SenderId);
        w.WriteString("sender_name"u8, s.SenderName);
        w.WriteString("message_type"u8, "stream"u8);
        w.WriteString("content"u8, s.Content);
        WriteEnd(w, s);
    });

    public override Frame? Encode(PassingEvent e) => e switch
    {
        Typing t => JsonFrame.Write("typing", t, static (w, t) =>
        {
            w.WriteString("user_id"u8, t.Who.UserId);
            w.WriteBoolean("is_typing"u8, t.IsTyping);
            w.WriteTime("timestamp"u8, t.At);
        }),
        ReadUpTo r => JsonFrame.Write("read", r, static (w, r) =>
        {
            w.WriteString("user_id"u8, r.Who.UserId);
            w.WriteNumber("seq"u8, r.Seq);
        }),
        UserJoined u => Passing("user_joined", u),
        UserLeft u => Passing("user_left", u),
        _ => null,
    };

    private static Frame Stored<TEvent>(string type, long seq, long previous, TEvent e, Action<Utf8JsonWriter, TEvent> body) =>
        JsonFrame.Write(type, (seq, previous, e, body), static (w, s) =>
        {
            s.body(w, s.e);
            w.WriteNumber("seq"u8, s.seq);
            w.WriteNumber("prev"u8, s.previous);
        });

    private static Frame StoredSystem(string name, long seq, long previous, string by, DateTimeOffset at) =>
        JsonFrame.Write("system", (name, seq, previous, by, at), static (w, s) =>
        {
            w.WriteString("event"u8, s.name);
            w.WriteString("user_id"u8, s.by);
            w.WriteTime("timestamp"u8, s.at);
            w.WriteNumber("seq"u8, s.seq);
            w.WriteNumber("prev"u8, s.previous);
        });

    private static Frame Passing(string name, PassingEvent e) => JsonFrame.Write("system", (name, e), static (w, s) =>
    {
        w.WriteString("event"u8, s.name);
        w.WriteString("user_id"u8, s.e.Who.UserId);
        w.WriteTime("timestamp"u8, s.e.At);
    });

    private static void WriteEnd(Utf8JsonWriter w, StreamEnded s)
    {
        w.WriteNumber("tokens_used"u8, s.TokensUsed);
        w.WriteNumber("latency_ms"u8, s.LatencyMs);
        w.WriteString("status"u8, s.Status);
        w.WriteTime("timestamp"u8, s.At);
    }

    private static void WriteOptional(Utf8JsonWriter w, ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            w.WriteString(name, value);
        }
    }
}
