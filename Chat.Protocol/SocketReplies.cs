using System.Text.Json;

namespace Chat.Protocol;

/// <summary>Frames to one connection alone that every face of JSON frames has.</summary>
public static class SocketReplies
{
    /// <summary>The client's cursor is above the log's head: it knows of another log.</summary>
    public static Frame Reset(long head) => System("reset", head);

    public static Frame Ack(string clientMessageId, Accepted accepted) => JsonFrame.Write("ack", (clientMessageId, accepted), static (w, s) =>
    {
        w.WriteString("client_message_id"u8, s.clientMessageId);
        w.WriteString("message_id"u8, s.accepted.MessageId.Value);
        w.WriteNumber("seq"u8, s.accepted.Seq);
        w.WriteTime("timestamp"u8, s.accepted.At);
    });

    /// <param name="clientMessageId">Of the refused frame, where it had one.</param>
    public static Frame Error(Rejected rejected, string? clientMessageId = null) => JsonFrame.Write("error", (rejected, clientMessageId), static (w, s) =>
        WriteError(w, s.rejected, s.clientMessageId));

    /// <summary>The fields of an error, inside an object.</summary>
    public static void WriteError(Utf8JsonWriter w, Rejected rejected, string? clientMessageId)
    {
        w.WriteString("code"u8, rejected.Code.Name());
        w.WriteString("message"u8, rejected.Text);
        if (rejected.RetryAfter is { } retryAfter)
        {
            w.WriteNumber("retry_after"u8, (long)Math.Ceiling(retryAfter.TotalMilliseconds));
        }
        if (clientMessageId is not null)
        {
            w.WriteString("client_message_id"u8, clientMessageId);
        }
    }

    internal static Frame System(string name, long seq) => JsonFrame.Write("system", (name, seq), static (w, s) =>
    {
        w.WriteString("event"u8, s.name);
        w.WriteNumber("seq"u8, s.seq);
    });
}
