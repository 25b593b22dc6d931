using Chat.Actors.Sessions;
using Chat.Protocol;

namespace Chat.Tests.Support;

/// <summary>Commands of tests, short.</summary>
internal static class Commands
{
    public static readonly Caller Kim = new("kim", "Kim");
    public static readonly Caller Lee = new("lee", "Lee");
    public static readonly Caller Stranger = new("stranger", "Stranger");
    public static readonly Caller Admin = new("root", "Root", IsAdmin: true);
    public static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public static CreateSession Create(SessionId id, Caller? by = null, int? agent = null, params Member[] members) => new()
    {
        Caller = by ?? Kim,
        SessionId = id,
        TraceId = "trace_1",
        AgentId = agent,
        AgentName = agent is null ? null : "Echo",
        Members = members,
    };

    public static PostMessage Post(string content = "hello", Caller? by = null, string? clientId = null) => new()
    {
        Caller = by ?? Kim,
        MessageId = MessageId.New(),
        RunId = MessageId.New(),
        Content = content,
        ClientMessageId = clientId,
    };

    /// <summary>Decides and applies; the reply is returned.</summary>
    public static Reply Do(this SessionState state, SessionCommand command, DateTimeOffset? at = null, MessageFacts? target = null)
    {
        var (reply, events) = state.Decide(command, at ?? Noon, target);
        foreach (var e in events)
        {
            state.Apply(e);
        }
        return reply;
    }

    /// <summary>A session of Kim with Lee as a member.</summary>
    public static SessionState NewSession(int? agent = null)
    {
        var state = new SessionState();
        Assert.IsType<Accepted>(state.Do(Create(new SessionId("s1"), Kim, agent, new Member("lee", "Lee"))));
        return state;
    }

    public static Accepted Accept(this SessionState state, SessionCommand command, DateTimeOffset? at = null) =>
        Assert.IsType<Accepted>(state.Do(command, at));

    public static ErrorCode Refuse(this SessionState state, SessionCommand command, MessageFacts? target = null)
    {
        var head = state.Head;
        var rejected = Assert.IsType<Rejected>(state.Do(command, target: target));
        Assert.Equal(head, state.Head);
        return rejected.Code;
    }
}
