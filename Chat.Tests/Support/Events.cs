using Chat.Protocol;

namespace Chat.Tests.Support;

/// <summary>Events whose content does not matter.</summary>
public static class Events
{
    public static readonly DateTimeOffset At = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    public static MessagePosted Posted(string content = "hello") => new()
    {
        At = At,
        MessageId = new MessageId("msg_" + content),
        SenderType = "user",
        SenderId = "user-1",
        SenderName = "Mina",
        MessageType = "text",
        Content = content,
    };

    public static SessionEvent[] Posted(int count, string prefix = "m") =>
        [.. Enumerable.Range(1, count).Select(n => Posted($"{prefix}{n}"))];
}
