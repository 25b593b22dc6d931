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
        w.WriteString("timestamp"u8, s.accepted.At.ToWire());
    });

    /// <param name="clientMessageId">Of the refused frame, where it had one.</param>
    public static Frame Error(Rejected rejected, string? clientMessageId = null) => JsonFrame.Write("error", (rejected, clientMessageId), static (w, s) =>
    {
        w.WriteString("code"u8, s.rejected.Code.Name());
        w.WriteString("message"u8, s.rejected.Text);
        if (s.rejected.RetryAfter is { } retryAfter)
        {
            w.WriteNumber("retry_after"u8, (long)Math.Ceiling(retryAfter.TotalMilliseconds));
        }
        if (s.clientMessageId is { } id)
        {
            w.WriteString("client_message_id"u8, id);
        }
    });

    internal static Frame System(string name, long seq) => JsonFrame.Write("system", (name, seq), static (w, s) =>
    {
        w.WriteString("event"u8, s.name);
        w.WriteNumber("seq"u8, s.seq);
    });
}
