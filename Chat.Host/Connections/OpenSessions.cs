using Chat.Actors.Sessions;
using Chat.Host.Agents;
using Chat.Host.Configuration;
using Chat.Protocol;

namespace Chat.Host.Connections;

/// <summary>Sessions that whoever names them joins, and makes where there are none: rooms where they are open, and any in development.</summary>
internal sealed class OpenSessions(ChatOptions options, ISessionGateway gateway, RateLimiter? limiter, AgentCatalog agents)
{
    /// <summary>Null where the caller may be a member now; whether it is, the session says.</summary>
    /// <param name="withAgent">A new one is answered by the agent of such sessions.</param>
    public async ValueTask<Rejected?> JoinAsync(SessionId session, Caller caller, bool withAgent)
    {
        if (!options.IsDevelopment && !(session.RoomId is not null && options.Rooms.Open))
        {
            return null;
        }
        var agent = withAgent && options.IsDevelopment ? agents.Find(options.Sessions.DevAutoAgent) : null;
        var command = new CreateSession
        {
            Caller = caller,
            SessionId = session,
            TraceId = TimeOrderedId.New("trace_"),
            AgentId = agent?.Id,
            AgentName = agent?.Name,
            AgentExternal = agent?.AnswersItself ?? false,
            Open = true,
        };
        if (limiter is not null && await gateway.ReadAsync(session) is null && limiter.TakeFor(command) is { } limited)
        {
            return limited;
        }
        return await gateway.AskAsync(session, command) is Rejected { Code: not ErrorCode.NotFound } rejected ? rejected : null;
    }
}
