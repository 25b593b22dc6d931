using System.Text.Json;

namespace Chat.Protocol;

/// <summary>Socket.IO events of seed 000 that go to one connection, and what all of them are made of.</summary>
public static class SocketIoFrames
{
    public static readonly Frame Connected = Event("connected", 0, static (w, _) => w.WriteString("status"u8, "connected"u8));

    public static Frame ParticipantCount(int count) => Event("participant_count_update", count, static (w, count) => w.WriteNumber("count"u8, count));

    public static Frame Joined(SessionId session, int count, long head) => Event("joined_session", (session, count, head), static (w, s) => WriteJoined(w, s.session, s.count, s.head));

    /// <summary>The client's cursor is above the log's head: it knows of another log.</summary>
    public static Frame Reset(long head) => Event("system", head, static (w, head) =>
    {
        w.WriteString("event"u8, "reset"u8);
        w.WriteNumber("seq"u8, head);
    });

    public static Frame Error(Rejected rejected, string? clientMessageId = null) =>
        Event("error", (rejected, clientMessageId), static (w, s) => SocketReplies.WriteError(w, s.rejected, s.clientMessageId));

    /// <summary>The fields inside an object.</summary>
    public static void WriteJoined(Utf8JsonWriter w, SessionId session, int count, long head)
    {
        w.WriteString("session_id"u8, session.Value);
        w.WriteNumber("participant_count"u8, count);
        w.WriteNumber("seq"u8, head);
    }

    /// <summary>An event of the main namespace with one object as its argument: <c>42["name",{...}]</c>.</summary>
    internal static Frame Event<TState>(string name, TState state, Action<Utf8JsonWriter, TState> fields) =>
        JsonFrame.Build("42"u8, (name, state, fields), static (w, s) =>
        {
            w.WriteStartArray();
            w.WriteStringValue(s.name);
            w.WriteStartObject();
            s.fields(w, s.state);
            w.WriteEndObject();
            w.WriteEndArray();
        });
}
