using Chat.Actors.Sessions;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.AkkaEngine;

/// <summary>Commands in an order that users might send them in, some of which a session refuses; the same kinds for the same seed.</summary>
internal sealed class RandomTalk(Random random, string prefix, int sessions)
{
    private static readonly string[] Users = ["ann", "bob", "cid", "dan"];

    private readonly Dictionary<SessionId, List<MessageId>> _messages = [];
    private readonly Dictionary<SessionId, List<string>> _clientIds = [];

    public IReadOnlyList<SessionId> Sessions { get; } = [.. Enumerable.Range(1, sessions).Select(n => new SessionId($"{prefix}{n}"))];

    public (SessionId Session, SessionCommand Command) Next()
    {
        var session = Any(Sessions);
        if (!_messages.TryGetValue(session, out var messages))
        {
            (_messages[session], _clientIds[session]) = ([], []);
            return (session, new CreateSession
            {
                Caller = Caller("ann"),
                SessionId = session,
                TraceId = "trace_" + session.Value,
                AgentId = random.Next(2) == 0 ? 1 : null,
                AgentName = "Echo",
                Title = "제목",
                Metadata = """{"n": [1.50, null]}""",
                Members = [new Member("bob", "Bob"), new Member("cid", "Cid")],
            });
        }
        var by = Caller(Any(Users));
        return (session, random.Next(16) switch
        {
            < 7 => Post(session, by, messages),
            7 => new EditMessage { Caller = by, MessageId = Message(messages), Content = $"edited {random.Next(1000)}" },
            8 => new DeleteMessage { Caller = by, MessageId = Message(messages) },
            9 => new React { Caller = by, MessageId = Message(messages), Emoji = "👍🏽", Remove = random.Next(3) == 0 },
            10 => new UpdateSession { Caller = Caller("ann"), Title = $"title {random.Next(1000)}", Restore = true },
            11 => random.Next(4) == 0 ? new ArchiveSession { Caller = Caller("ann") } : new UpdateSession { Caller = Caller("ann"), Restore = true },
            12 => new AddMember { Caller = Caller("ann"), Member = new Member("dan", "Dan") },
            13 => new RemoveMember { Caller = Caller("ann"), UserId = "dan" },
            14 => new ClaimRun { Caller = Chat.Protocol.Caller.Server, MessageId = Message(messages), Node = "n" },
            _ => new StartStream { Caller = by with { IsAgent = true }, MessageId = MessageId.New(), AnyRole = true, Node = "n" },
        });
    }

    private PostMessage Post(SessionId session, Caller by, List<MessageId> messages)
    {
        var ids = _clientIds[session];
        var post = Commands.Post($"text <b>\"{random.Next(1000)}\" 안녕 👨‍👩‍👧", by, ids.Count > 0 && random.Next(5) == 0 ? Any(ids) : $"c{ids.Count}");
        ids.Add(post.ClientMessageId!);
        messages.Add(post.MessageId);
        messages.Add(post.RunId);
        return post;
    }

    private MessageId Message(List<MessageId> messages) => messages.Count == 0 ? new MessageId("msg_none") : Any(messages);

    private static Caller Caller(string user) => new(user, user);

    private T Any<T>(IReadOnlyList<T> list) => list[random.Next(list.Count)];
}
