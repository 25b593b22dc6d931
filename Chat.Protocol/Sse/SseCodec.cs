using System.Buffers;
using System.Buffers.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Chat.Protocol;

/// <summary>
/// An agent's answer as server-sent events (seed 003): finished blocks of an <c>id:</c>, which is the event's seq, and one <c>data:</c> line. JSON
/// escapes line breaks, so one line always holds it.
/// </summary>
public sealed class SseCodec : FaceCodec
{
    public static readonly SseCodec Instance = new();

    /// <summary>A comment, which readers skip: shows that the connection lives.</summary>
    public static readonly ReadOnlyMemory<byte> Ping = ": ping\n\n"u8.ToArray();

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private static readonly int Slot = NewIndex();

    public override int Index => Slot;

    public override Frame? Encode(long seq, long previous, SessionEvent e) => e switch
    {
        StreamStarted s => Block(seq, "stream_start"u8, s, static (w, s) =>
        {
            w.WriteString("message_id"u8, s.MessageId.Value);
            w.WriteString("sender_type"u8, "agent"u8);
            w.WriteString("sender_id"u8, s.SenderId);
            w.WriteString("sender_name"u8, s.SenderName);
            w.WriteTime("timestamp"u8, s.At);
        }),
        StreamChunk c => Block(seq, "stream_chunk"u8, c, static (w, c) =>
        {
            w.WriteString("message_id"u8, c.MessageId.Value);
            w.WriteString("content"u8, c.Content);
            w.WriteNumber("index"u8, c.Index);
        }),
        StreamEnded s => Block(
            seq,
            "stream_end"u8,
            s,
            static (w, s) =>
            {
                w.WriteString("message_id"u8, s.MessageId.Value);
                w.WriteNumber("tokens_used"u8, s.TokensUsed);
                w.WriteNumber("latency_ms"u8, s.LatencyMs);
                w.WriteString("status"u8, s.Status);
                w.WriteTime("timestamp"u8, s.At);
            },
            isLast: true),
        _ => null,
    };

    private static Frame Block<TEvent>(long seq, ReadOnlySpan<byte> type, TEvent e, Action<Utf8JsonWriter, TEvent> body, bool isLast = false)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        buffer.Write("id: "u8);
        Utf8Formatter.TryFormat(seq, buffer.GetSpan(20), out var digits);
        buffer.Advance(digits);
        buffer.Write("\ndata: "u8);
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, type);
            body(writer, e);
            writer.WriteEndObject();
        }
        buffer.Write("\n\n"u8);
        return Frame.Raw(buffer.WrittenSpan, isLast);
    }
}
