using Chat.Host.Endpoints;
using Chat.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Chat.Host.Faces.Participants;

/// <summary><c>GET /api/v1/sessions/{session_code}/status</c> (seed 001).</summary>
internal static class StatusEndpoint
{
    public static IEndpointRouteBuilder MapStatus(this IEndpointRouteBuilder routes)
    {
        routes.MapPublicApi("/api/v1/sessions/{session_code}/status", "Participants").LimitByAddress().MapGet("", GetAsync)
            .WithSummary("Show who is in a session")
            .WithDescription("Needs no bearer token. status is active or archived; a participant is online while it has an open socket.");
        return routes;
    }

    private static async Task<Results<Ok<SessionStatus>, Refusal>> GetAsync(
        string session_code, HttpContext context, ParticipantServices services, ChatNode node, CancellationToken cancellation)
    {
        if (await services.Codes.FindAsync(session_code, cancellation) is not { } view)
        {
            services.Limits.ChargeGuess(context);
            return Refusal.SessionNotFound;
        }
        var online = (await node.WhoIsHereAsync(view.SessionId)).Participants;
        return TypedResults.Ok(new SessionStatus(
            session_code, view.IsArchived ? "archived" : "active", online, online.Count, view.Members.Count(member => member.IsParticipant)));
    }
}
