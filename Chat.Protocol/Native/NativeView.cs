namespace Chat.Protocol;

/// <summary>Which stored events the native face shows.</summary>
public static class NativeView
{
    public static bool Shows(SessionEvent e) => e is
        MessagePosted or MessageEdited or MessageDeleted or ReactionChanged
        or StreamStarted or StreamChunk or StreamEnded
        or TitleChanged or SessionArchived or SessionRestored;
}
