namespace Chat.Protocol;

/// <summary>Stored and passing events as Socket.IO events of seed 000, in the main namespace: finished packets of Engine.IO.</summary>
public sealed class SocketIoCodec : FaceCodec
{
    public static readonly SocketIoCodec Instance = new();

    private static readonly int Slot = NewIndex();

    public override int Index => Slot;

    public override Frame? Encode(long seq, long previous, SessionEvent e) => e switch
    {
        MessagePosted m => SocketIoFrames.Event("new_message", (seq, m), static (w, s) =>
        {
            w.WriteString("id"u8, s.m.MessageId.Value);
            w.WriteString("participant_nickname"u8, s.m.SenderName);
            w.WriteString("message"u8, s.m.Content);
            w.WriteString("message_type"u8, s.m.MessageType);
            w.WriteTime("created_at"u8, s.m.At);
            w.WriteNumber("seq"u8, s.seq);
            if (s.m.ClientMessageId is { } id)
            {
                w.WriteString("client_message_id"u8, id);
            }
            (s.m as FilePosted)?.File.Write(w);
        }),
        // One that was stopped before its first word says nothing.
        StreamEnded { Content.Length: > 0 } s => SocketIoFrames.Event("new_message", (seq, s), static (w, s) =>
        {
            w.WriteString("id"u8, s.s.MessageId.Value);
            w.WriteString("participant_nickname"u8, s.s.SenderName);
            w.WriteString("message"u8, s.s.Content);
            w.WriteString("message_type"u8, "stream"u8);
            w.WriteTime("created_at"u8, s.s.At);
            w.WriteNumber("seq"u8, s.seq);
            w.WriteString("status"u8, s.s.Status);
        }),
        _ => null,
    };

    public override Frame? Encode(PassingEvent e) => e switch
    {
        UserJoined j => SocketIoFrames.ParticipantCount(j.Participants),
        UserLeft l => SocketIoFrames.ParticipantCount(l.Participants),
        _ => null,
    };
}
