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

    public static FilePosted Shown(string content = "look", string type = "image/png", bool hasThumbnail = true) =>
        new(Posted(content), new PostedFile("file_1", "화면 \"1\".png", type, 245632, new string('a', 64), hasThumbnail));

    /// <summary>The file of <see cref="Shown"/> as every face writes it.</summary>
    public static string FileJson(string type = "image/png", bool hasThumbnail = true) =>
        $$"""{"file_id":"file_1","url":"/files/file_1","name":"화면 \"1\".png","type":"{{type}}","size":245632,"thumbnail_url":{{(hasThumbnail ? "\"/files/file_1/thumb\"" : "null")}}}""";

    public static SessionEvent[] Posted(int count, string prefix = "m") =>
        [.. Enumerable.Range(1, count).Select(n => Posted($"{prefix}{n}"))];
}
