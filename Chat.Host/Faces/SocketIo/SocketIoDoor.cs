using Chat.Actors.Sessions;
using Chat.Host.Auth;
using Chat.Host.Configuration;
using Chat.Host.Connections;
using Chat.Host.Endpoints;
using Chat.Protocol;

namespace Chat.Host.Faces.SocketIo;

/// <summary>
/// Who may join a session over Socket.IO, and as whom. In production: a participant that proves its id, or a member by its token. In development anyone, and
/// whoever names a participant is it.
/// </summary>
internal sealed class SocketIoDoor(ChatOptions options, ISessionGateway gateway, OpenSessions openSessions, TokenReader tokens, ParticipantProof proof)
{
    private static readonly Rejected NotFound = new(ErrorCode.NotFound, "Session not found");
    private static readonly Rejected NoProof = new(ErrorCode.Unauthorized, "A member's token is needed, or a participant's id with its token");

    /// <exception cref="Actors.Persistence.JournalUnavailableException" />
    public async ValueTask<(Entrance? Entrance, Rejected? Refused)> AdmitAsync(SocketIoJoin join, string? token, CancellationToken cancellation)
    {
        if (!SessionId.IsWellFormed(join.Session.Value))
        {
            return (null, NotFound);
        }
        var identity = token is not null && (await tokens.ReadAsync(token, cancellation)).IsAccepted(out var accepted) ? accepted : null;
        return options.IsDevelopment
            ? await AdmitAnyoneAsync(join, identity)
            : await AdmitProvenAsync(join, identity, token, cancellation);
    }

    private async ValueTask<(Entrance?, Rejected?)> AdmitProvenAsync(SocketIoJoin join, Identity? identity, string? token, CancellationToken cancellation)
    {
        if (identity is null && (join.ParticipantId is null || options.Participants.RequireProof && !proof.Verify(join.Session, join.ParticipantId, token)))
        {
            return (null, NoProof);
        }
        if (identity is not null && await openSessions.JoinAsync(join.Session, identity.ToCaller(), withAgent: false) is { } limited)
        {
            return (null, limited);
        }
        var view = await gateway.ReadAsync(join.Session, cancellation);
        if (identity is not null)
        {
            var caller = identity.ToCaller() with { Name = join.Nickname };
            return view is null || !view.MayRead(caller) ? (null, NotFound)
                : join.IsPresenter && !(caller.IsAdmin || view.OwnerId == caller.UserId) ? (null, new Rejected(ErrorCode.Forbidden, "Only the owner or an admin may be a presenter"))
                : (EntranceOf(join.Session, caller, participantId: null) with { ExpiresAt = identity.ExpiresAt }, null);
        }
        var participant = view?.Members.FirstOrDefault(member => member.UserId == join.ParticipantId && member.IsParticipant);
        return participant is null ? (null, NotFound)
            : join.IsPresenter ? (null, new Rejected(ErrorCode.Forbidden, "A participant is no presenter"))
            : (EntranceOf(join.Session, new Caller(participant.UserId, participant.Name), participant.UserId), null);
    }

    private async ValueTask<(Entrance?, Rejected?)> AdmitAnyoneAsync(SocketIoJoin join, Identity? identity)
    {
        var user = identity?.UserId ?? $"guest:{join.Nickname}";
        var caller = new Caller(join.ParticipantId ?? user, join.Nickname, identity?.IsAdmin ?? false, identity?.IsAgent ?? false);
        if (await gateway.ReadAsync(join.Session) is null && await openSessions.JoinAsync(join.Session, caller with { UserId = user }, withAgent: false) is { } refused)
        {
            return (null, refused);
        }
        SessionCommand entry = join.ParticipantId is { } id
            ? new JoinSession { Caller = caller, ParticipantId = id, Nickname = join.Nickname, AnyName = true }
            : new AddMember { Caller = Caller.Server, Member = new Member(user, join.Nickname) };
        var reply = await gateway.AskAsync(join.Session, entry);
        // Of an archived session, who is a member already goes on reading.
        return reply is Rejected bad && (await gateway.ReadAsync(join.Session))?.MayRead(caller) != true
            ? (null, bad)
            : (EntranceOf(join.Session, caller, join.ParticipantId) with { ExpiresAt = identity?.ExpiresAt }, null);
    }

    private static Entrance EntranceOf(SessionId session, Caller caller, string? participantId) => new()
    {
        Session = session,
        Caller = caller,
        Who = new Person(caller.UserId, caller.Name, participantId),
        Codec = SocketIoCodec.Instance,
    };
}
