using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Protocol;

namespace Chat.Tests.Support;

/// <summary>What tests do to a session past the face that they test.</summary>
internal static class TestSessions
{
    /// <summary>A session of these users, the first of whom owns it; without an agent unless one is given.</summary>
    public static async Task<string> CreateSessionAsync(this TestServer server, string owner, params string[] members) =>
        await server.CreateSessionAsync(owner, agent: null, members);

    public static async Task<string> CreateSessionAsync(this TestServer server, string owner, (int Id, string Name, bool External)? agent, params string[] members)
    {
        var id = SessionId.New();
        await server.DoAsync(id.Value, new CreateSession
        {
            Caller = new Caller(owner, owner),
            SessionId = id,
            TraceId = "trace_" + id.Value,
            AgentId = agent?.Id,
            AgentName = agent?.Name,
            AgentExternal = agent?.External ?? false,
            Members = [.. members.Select(member => new Member(member, member))],
        });
        return id.Value;
    }

    /// <summary>Asserts that the command is accepted.</summary>
    public static async Task<Accepted> DoAsync(this TestServer server, string session, SessionCommand command) =>
        Assert.IsType<Accepted>(await server.Node.Gateway.AskAsync(new SessionId(session), command));

    public static Task<Accepted> PostAsync(this TestServer server, string session, string user, string content, string? metadata = null) =>
        server.DoAsync(session, new PostMessage
        {
            Caller = new Caller(user, user),
            MessageId = MessageId.New(),
            RunId = MessageId.New(),
            Content = content,
            Metadata = metadata,
        });

    /// <summary>Posts a file whose bytes no store has.</summary>
    public static async Task<PostedFile> ShowFileAsync(this TestServer server, string session, string user, string name = "화면.png", string type = "image/png")
    {
        var file = new PostedFile(PostedFile.NewId(), name, type, 245632, new string('a', 64), HasThumbnail: true);
        await server.DoAsync(session, PostMessage.Of(file, null, new Caller(user, user), null));
        return file;
    }

    /// <summary>Messages <c>1</c>, <c>2</c>, … in this order; returns the last one's answer.</summary>
    public static async Task<Accepted> PostManyAsync(this TestServer server, string session, string user, int count, string prefix = "")
    {
        Accepted? last = null;
        foreach (var numbers in Enumerable.Range(1, count).Chunk(1000))
        {
            last = (await Task.WhenAll(numbers.Select(n => server.PostAsync(session, user, $"{prefix}{n}"))))[^1];
        }
        return last!;
    }

    public static Task<SessionView?> ViewAsync(this TestServer server, string session) => server.Node.Gateway.ReadAsync(new SessionId(session)).AsTask();

    /// <summary>The session's whole log.</summary>
    public static async Task<IReadOnlyList<StoredEvent>> LogAsync(this TestServer server, string session)
    {
        var log = new List<StoredEvent>();
        while (true)
        {
            var page = await server.Node.Journal.ReadAsync(session, log.Count, 1000, default);
            log.AddRange(page);
            if (page.Count < 1000)
            {
                return log;
            }
        }
    }
}
