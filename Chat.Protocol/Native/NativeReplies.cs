namespace Chat.Protocol;

/// <summary>Frames of the native WebSocket that go to one connection alone.</summary>
public static class NativeReplies
{
    public static readonly Frame Pong = JsonFrame.Write("pong", 0, static (_, _) => { });

    public static Frame Connected(SessionId session, string userId, long seq, DateTimeOffset at) =>
        JsonFrame.Write("system", (session, userId, seq, at), static (w, s) =>
        {
            w.WriteString("event"u8, "connected"u8);
            w.WriteString("session_id"u8, s.session.Value);
            w.WriteString("user_id"u8, s.userId);
            w.WriteNumber("seq"u8, s.seq);
            w.WriteTime("timestamp"u8, s.at);
        });

    /// <summary>All stored frames up to this seq have been sent.</summary>
    public static Frame Synced(long seq) => SocketReplies.System("synced", seq);
}
