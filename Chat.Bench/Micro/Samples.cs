using Chat.Protocol;

namespace Chat.Bench.Micro;

/// <summary>What is measured: a message as people write them, half of it Hangul, and the common events beside them.</summary>
internal static class Samples
{
    /// <summary>50 characters, 86 bytes in UTF-8: an ordinary line of chat.</summary>
    public const string Content = "안녕하세요, 오늘 회의는 세 시에 시작합니다. See the agenda of today.";

    public static readonly DateTimeOffset At = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    public static readonly Caller Kim = new("user-1", "Kim Mina");

    public static readonly SessionId Session = new("sess_01KE7GZV0K8Q2X4M6P1R3T");

    public static readonly MessageId Message = MessageId.New();

    public static readonly MessagePosted Posted = Post(Message);

    public static readonly StreamChunk Chunk = new() { At = At, MessageId = Message, Index = 17, Content = "오늘 회의는 세 시에 ", Epoch = 1 };

    public static readonly NamedEvent[] Events =
    [
        new("message", Posted),
        new("message, metadata", Posted with { Metadata = """{"client":"web","mentions":["user-2","user-3"],"urgent":true}""" }),
        new("edit", new MessageEdited { At = At, MessageId = Message, Content = Content, By = Kim.UserId }),
        new("reaction", new ReactionChanged { At = At, MessageId = Message, Emoji = "👍", UserId = Kim.UserId }),
        new("chunk", Chunk),
        new("answer of 2,000", new StreamEnded
        {
            At = At,
            MessageId = Message,
            SenderId = "1",
            SenderName = "Echo",
            Status = StreamStatus.Complete,
            Content = string.Concat(Enumerable.Repeat(Content, 41))[..2000],
            TokensUsed = 400,
            LatencyMs = 8_000,
        }),
    ];

    public static MessagePosted Post(MessageId id, string? clientId = "c-000001", DateTimeOffset? at = null) => new()
    {
        At = at ?? At,
        MessageId = id,
        SenderType = "user",
        SenderId = Kim.UserId,
        SenderName = Kim.Name,
        MessageType = "text",
        Content = Content,
        ClientMessageId = clientId,
    };

    public static SessionCreated Created(SessionId session) => new()
    {
        At = At,
        SessionId = session,
        TraceId = "trace_1",
        UserId = Kim.UserId,
        UserName = Kim.Name,
        Members = [.. Enumerable.Range(2, 9).Select(n => new Member($"user-{n}", $"Member {n}"))],
    };
}

/// <param name="Name">In the table.</param>
public sealed record NamedEvent(string Name, SessionEvent Event)
{
    public override string ToString() => Name;
}
