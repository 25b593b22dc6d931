using Chat.Actors.Sessions;
using Chat.Host.Agents;
using Chat.Host.Auth;
using Chat.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Chat.Host.Endpoints;

/// <summary><c>/api/chat/sessions</c>.</summary>
internal static class SessionEndpoints
{
    private const int DefaultLimit = 20;
    private const int MaxLimit = 100;

    public static IEndpointRouteBuilder MapSessions(this IEndpointRouteBuilder routes)
    {
        var sessions = routes.MapApi("/api/chat/sessions", "Sessions");
        sessions.MapPost("", CreateAsync).WithBody<NewSession>()
            .WithSummary("Make a session")
            .WithDescription("""
                The caller becomes its owner. members holds user ids, or objects {user_id, name}. joinable gives it a session_code. room_id makes it that room, its
                session_id room:{room_id}, and open lets every token into it. A channel_url or room_id that is taken gets 409 NAME_TAKEN.
                """);
        sessions.MapGet("", ListAsync)
            .WithSummary("List the caller's sessions, newest activity first")
            .WithDescription("status is active (default) or archived; limit is 20 unless told, 100 at most. A page costs the same for however many sessions; what its offset passes over costs, too.");
        sessions.MapGet("/{session_id}", GetAsync)
            .WithSummary("Show one session");
        sessions.MapPatch("/{session_id}", ChangeAsync).WithBody<SessionChanges>()
            .WithSummary("Rename a session, change its metadata, or restore it")
            .WithDescription("What is left out stays as it is. Owner and admins only.");
        sessions.MapDelete("/{session_id}", ArchiveAsync)
            .WithSummary("Archive a session")
            .WithDescription("Members go on reading; writes get 409 ARCHIVED until it is restored. Owner and admins only.");
        return routes;
    }

    private static async Task<Results<Created<SessionDetail>, Refusal>> CreateAsync(
        JsonBody body, Identity caller, SessionCreation creation, ChatNode node, AgentCatalog agents, CancellationToken cancellation)
    {
        var (session, refused) = await creation.CreateAsync(await body.ReadAsync(NewSession.Read), caller.ToCaller(), cancellation);
        if (refused is not null)
        {
            return new Refusal(refused);
        }
        var view = await node.Gateway.ReadAsync(session, cancellation);
        return TypedResults.Created($"/api/chat/sessions/{Uri.EscapeDataString(session.Value)}", SessionDetail.Of(view!, agents));
    }

    private static async Task<Results<Ok<SessionPage>, Refusal>> ListAsync(
        string? status, string? agent_id, string? limit, string? offset, Identity caller, ChatNode node, CancellationToken cancellation)
    {
        if (status is not (null or "active" or "archived"))
        {
            throw new FieldException("status must be active or archived");
        }
        int? agent = agent_id is null ? null : QueryValue.Number("agent_id", agent_id, least: 0);
        var most = QueryValue.Limit(limit, DefaultLimit, MaxLimit);
        var skip = offset is null ? 0 : QueryValue.Number("offset", offset, least: 0);

        await node.ReadModel.WaitUntilCurrentAsync(cancellation);
        var list = await node.ReadModel.ListSessionsAsync(caller.UserId, status ?? "active", agent, most, skip, cancellation);
        return TypedResults.Ok(new SessionPage([.. list.Sessions.Select(SessionItem.Of)], list.Total, list.HasMore));
    }

    private static async Task<Results<Ok<SessionDetail>, Refusal>> GetAsync(
        string session_id, Identity caller, ChatNode node, AgentCatalog agents, CancellationToken cancellation) =>
        await node.Gateway.FindAsync(session_id, caller, cancellation) is { } view
            ? TypedResults.Ok(SessionDetail.Of(view, agents))
            : Refusal.SessionNotFound;

    private static async Task<Results<Ok<SessionDetail>, Refusal>> ChangeAsync(
        string session_id, JsonBody body, Identity caller, ChatNode node, AgentCatalog agents, CancellationToken cancellation)
    {
        var changes = await body.ReadAsync(SessionChanges.Read);
        var command = new UpdateSession { Caller = caller.ToCaller(), Title = changes.Title, Metadata = changes.Metadata, Restore = changes.Status is not null };
        return await node.Gateway.AskAsync(session_id, command, cancellation) is Rejected rejected
            ? new Refusal(rejected)
            : await GetAsync(session_id, caller, node, agents, cancellation);
    }

    private static async Task<Results<Ok<SessionArchivedAnswer>, Refusal>> ArchiveAsync(
        string session_id, Identity caller, ChatNode node, CancellationToken cancellation) =>
        await node.Gateway.AskAsync(session_id, new ArchiveSession { Caller = caller.ToCaller() }, cancellation) is Rejected rejected
            ? new Refusal(rejected)
            : TypedResults.Ok(new SessionArchivedAnswer("Session archived successfully", session_id));
}
