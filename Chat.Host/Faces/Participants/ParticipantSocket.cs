using Chat.Actors.Sessions;
using Chat.Host.Auth;
using Chat.Host.Connections;
using Chat.Protocol;

namespace Chat.Host.Faces.Participants;

/// <summary><c>/ws/{session_code}/{participant_id}</c>: the participant WebSocket (seed 001).</summary>
internal static class ParticipantSocket
{
    public static IEndpointRouteBuilder MapParticipantSocket(this IEndpointRouteBuilder routes)
    {
        routes.Map(
            "/ws/{session_code}/{participant_id}",
            (HttpContext context, string session_code, string participant_id, FaceSockets sockets, ParticipantServices services) =>
                sockets.RunAsync(context, "participant", context => AdmitAsync(context, session_code, participant_id, services)))
            .ExcludeFromDescription();
        return routes;
    }

    /// <summary>In the seed's order: the session, the form of the id, the participant.</summary>
    private static async ValueTask<Entrance> AdmitAsync(HttpContext context, string code, string participantId, ParticipantServices services)
    {
        if (services.Limits.Take(context) is { } limited)
        {
            return Entrance.Refused(CloseCode.Overloaded, limited.Text);
        }
        if (await services.Codes.FindAsync(code, context.RequestAborted) is not { } view)
        {
            services.Limits.ChargeGuess(context);
            return Entrance.Refused(CloseCode.Refused, "Session not found");
        }
        if (!Guid.TryParse(participantId, out var id))
        {
            return Entrance.Refused(CloseCode.Refused, "Invalid participant ID");
        }
        if (Find(view, id) is not { } participant)
        {
            services.Limits.ChargeGuess(context);
            return Entrance.Refused(CloseCode.Refused, "Participant not found");
        }
        if (services.ProofRequired && !IsProved(context, view.SessionId, participant.UserId, services.Proof))
        {
            return Entrance.Refused(CloseCode.Refused, "Participant not proved");
        }
        if (!Entrance.TryReadSince(context, out var since))
        {
            return Entrance.Refused(CloseCode.Refused, "since must be a seq");
        }
        return new Entrance
        {
            Session = view.SessionId,
            Caller = new Caller(participant.UserId, participant.Name),
            Who = new Person(participant.UserId, participant.Name, participant.UserId),
            Codec = new ParticipantCodec(code),
            Since = since,
            Open = entered =>
            {
                entered.Hub.Open(entered.Subscriber);
                return new ParticipantConnection(services.Common, entered);
            },
        };
    }

    /// <summary>A UUID is the same in any of its spellings; it was issued in lower case with hyphens.</summary>
    private static Member? Find(SessionView view, Guid id)
    {
        var issued = id.ToString();
        return view.Members.FirstOrDefault(member => member.IsParticipant && member.UserId == issued);
    }

    /// <summary>By the address or by the cookie: one that is out of date does not spoil the other.</summary>
    private static bool IsProved(HttpContext context, SessionId session, string participantId, ParticipantProof proof)
    {
        var query = QueryCredentials.Of(context);
        return (!query.IsAmbiguous && proof.Verify(session, participantId, query.Token))
            || proof.Verify(session, participantId, context.Request.Cookies[ParticipantProof.Cookie]);
    }
}
