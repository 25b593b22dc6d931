using System.Security.Cryptography;
using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Host.Agents;
using Chat.Protocol;

namespace Chat.Host.Endpoints;

/// <summary>Makes a session under the names that it asks for, which are claimed before it exists.</summary>
internal sealed class SessionCreation(ISessionGateway gateway, SessionNames names, RateLimiter? limiter, AgentCatalog agents)
{
    /// <summary>31^6 codes: with 100 million of them taken, ten draws in a row fail once in 3 * 10^9.</summary>
    private const int CodeDraws = 10;

    /// <exception cref="JournalUnavailableException" />
    public async ValueTask<(SessionId Session, Rejected? Refused)> CreateAsync(NewSession wish, Caller caller, CancellationToken cancellation)
    {
        var agent = wish.AgentId is { } id ? agents.Find(id) : null;
        if (wish.AgentId is not null && agent is null)
        {
            return (default, new Rejected(ErrorCode.BadField, $"agent_id {wish.AgentId} names no agent"));
        }
        if (wish.Members.Select(member => Limits.CheckText("name", member.Name, Limits.Name)).FirstOrDefault(bad => bad is not null) is { } badName)
        {
            return (default, badName);
        }
        var session = wish.RoomId is { } room ? SessionId.OfRoom(room) : SessionId.New();
        var command = new CreateSession
        {
            Caller = caller,
            SessionId = session,
            TraceId = TimeOrderedId.New("trace_"),
            AgentId = agent?.Id,
            AgentName = agent?.Name,
            AgentExternal = agent?.AnswersItself ?? false,
            Title = wish.Title,
            Metadata = wish.Metadata,
            Members = [.. wish.Members.Select(member => member.ToMember() with { Role = "member" })],
            ChannelUrl = wish.ChannelUrl,
            Open = wish.Open,
            OnlyNew = wish.RoomId is not null,
        };
        // A claim is for ever: no name is spent on a session that would be refused.
        if ((command.Check() ?? limiter?.TakeFor(command)) is { } bad)
        {
            return (default, bad);
        }
        if (wish.RoomId is not null && await gateway.ReadAsync(session, cancellation) is not null)
        {
            return (default, new Rejected(ErrorCode.NameTaken, "room_id is taken"));
        }
        if (wish.ChannelUrl is { } channel)
        {
            var claim = await names.ClaimAsync("channel", channel, session, caller.UserId, cancellation);
            // The caller's own claim, whose session could not be made then, is used now; but a room is made only where it is asked for.
            var isOwn = claim.SessionId == session
                || (claim.By == caller.UserId && wish.RoomId is null && claim.SessionId.RoomId is null && await gateway.ReadAsync(claim.SessionId, cancellation) is null);
            if (!isOwn)
            {
                return (default, new Rejected(ErrorCode.NameTaken, "channel_url is taken"));
            }
            session = claim.SessionId;
            command = command with { SessionId = session };
        }
        if (wish.Joinable)
        {
            command = command with { SessionCode = await ClaimCodeAsync(session, caller, cancellation) };
        }
        return (session, await gateway.AskAsync(session, command, cancellation) as Rejected);
    }

    private async ValueTask<string> ClaimCodeAsync(SessionId session, Caller caller, CancellationToken cancellation)
    {
        for (var draw = 0; draw < CodeDraws; draw++)
        {
            var code = RandomNumberGenerator.GetString(SessionCode.Alphabet, SessionCode.Length);
            if ((await names.ClaimAsync("code", code, session, caller.UserId, cancellation)).SessionId == session)
            {
                return code;
            }
        }
        throw new InvalidOperationException($"No free session code in {CodeDraws} draws");
    }
}
