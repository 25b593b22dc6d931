using System.Text.Json;

namespace Chat.Protocol;

/// <summary>
/// Stored and passing events as frames of the participant WebSocket (seed 001), with <c>seq</c> added to the stored ones as the cursor to come back with.
/// Codecs of one session are equal: a session has one code.
/// </summary>
public sealed class ParticipantCodec(string sessionCode) : FaceCodec
{
    private static readonly int Slot = NewIndex();

    public override int Index => Slot;

    public override bool EndsWithArchive => true;

    public override Frame? Encode(long seq, long previous, SessionEvent e) => e switch
    {
        MessagePosted m => Message(
            m.MessageType == "question" ? "question" : "chat_message", seq, m.MessageId, m.Content, m.ParticipantId, m.SenderName, m.At, (m as FilePosted)?.File),
        // An answer that was stopped before its first word is nothing to be shown here.
        StreamEnded { Content.Length: > 0 } s => Message("chat_message", seq, s.MessageId, s.Content, participantId: null, s.SenderName, s.At),
        _ => null,
    };

    public override Frame? Encode(PassingEvent e) => e switch
    {
        UserJoined u => Presence("participant_joined", u.Who, "새 참가자가 접속했습니다."),
        UserLeft u => Presence("participant_left", u.Who, $"{u.Who.Name}님이 떠났습니다."),
        Typing t => State("typing", t.Who, "is_typing", t.IsTyping),
        ParticipantUpdated p => State("participant_update", p.Who, "is_online", value: true),
        _ => null,
    };

    private Frame Message(string type, long seq, MessageId id, string content, string? participantId, string name, DateTimeOffset at, PostedFile? file = null) =>
        JsonFrame.Write(type, (seq, id, content, participantId, name, at, file, sessionCode), static (w, s) =>
        {
            w.WriteString("message_id"u8, s.id.Value);
            w.WriteString("content"u8, s.content);
            WriteWho(w, s.participantId, s.name);
            w.WriteTime("timestamp"u8, s.at);
            w.WriteString("session_code"u8, s.sessionCode);
            w.WriteNumber("seq"u8, s.seq);
            s.file?.Write(w);
        });

    private static Frame Presence(string type, Person who, string message) => JsonFrame.Write(type, (who, message), static (w, s) =>
    {
        w.WriteString("participant_id"u8, s.who.ParticipantId);
        w.WriteString("message"u8, s.message);
    });

    private Frame State(string type, Person who, string name, bool value) => JsonFrame.Write(type, (who, name, value, sessionCode), static (w, s) =>
    {
        WriteWho(w, s.who.ParticipantId, s.who.Name);
        w.WriteBoolean(s.name, s.value);
        w.WriteString("session_code"u8, s.sessionCode);
    });

    /// <summary>One who came by another face has no participant id: the field is null.</summary>
    private static void WriteWho(Utf8JsonWriter w, string? participantId, string name)
    {
        w.WriteString("participant_id"u8, participantId);
        w.WriteString("participant_nickname"u8, name);
    }
}
