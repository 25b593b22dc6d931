using System.Text.Json;
using Chat.Host.Auth;
using Chat.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Chat.Host.Endpoints;

/// <summary>Body of <c>POST .../read</c>.</summary>
internal sealed record ReadUpToBody(long Seq)
{
    /// <exception cref="FieldException" />
    public static ReadUpToBody Read(JsonElement json) => new(new JsonFields(json).Number("seq"));
}

/// <param name="Seq">The marker now.</param>
internal sealed record ReadState(long Seq, int UnreadCount);

/// <summary><c>/api/chat/sessions/{session_id}/read</c>.</summary>
internal static class ReadEndpoints
{
    public static IEndpointRouteBuilder MapRead(this IEndpointRouteBuilder routes)
    {
        routes.MapApi("/api/chat/sessions/{session_id}/read", "Members").MapPost("", MarkAsync).WithBody<ReadUpToBody>()
            .WithSummary("Mark a session as read up to a seq")
            .WithDescription("The marker only rises, and not above the session's head.");
        return routes;
    }

    private static async Task<Results<Ok<ReadState>, Refusal>> MarkAsync(
        string session_id, JsonBody body, Identity caller, ChatNode node, CancellationToken cancellation)
    {
        var wish = await body.ReadAsync(ReadUpToBody.Read);
        if (await node.Gateway.FindAsync(session_id, caller, cancellation) is not { } view)
        {
            return Refusal.SessionNotFound;
        }
        var seq = Math.Min(wish.Seq, view.Head);
        if (seq > 0)
        {
            node.Markers.Raise(caller.UserId, view.SessionId, seq);
        }
        var marker = await node.Markers.ReadAsync(caller.UserId, view.SessionId, cancellation);
        if (marker == seq && seq > 0)
        {
            node.ShowRead(view.SessionId, caller.UserId, seq);
        }
        await node.ReadModel.WaitUntilCurrentAsync(cancellation);
        return TypedResults.Ok(new ReadState(marker, await node.ReadModel.UnreadCountAsync(caller.UserId, view.SessionId, cancellation)));
    }
}
