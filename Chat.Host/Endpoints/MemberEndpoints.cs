using Chat.Actors.Sessions;
using Chat.Host.Auth;
using Chat.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Chat.Host.Endpoints;

/// <summary><c>/api/chat/sessions/{session_id}/members</c>.</summary>
internal static class MemberEndpoints
{
    public static IEndpointRouteBuilder MapMembers(this IEndpointRouteBuilder routes)
    {
        var members = routes.MapApi("/api/chat/sessions/{session_id}/members", "Members");
        members.MapGet("", ListAsync)
            .WithSummary("List the members, the owner first");
        members.MapPost("", AddAsync).WithBody<NewMember>()
            .WithSummary("Add a member")
            .WithDescription("One who is a member already stays as it is. Owner and admins only.");
        members.MapDelete("/{user_id}", RemoveAsync)
            .WithSummary("Remove a member")
            .WithDescription("Its sockets are closed. Owner and admins; a member may remove itself.");
        return routes;
    }

    private static async Task<Results<Ok<MemberList>, Refusal>> ListAsync(string session_id, Identity caller, ChatNode node, CancellationToken cancellation) =>
        await node.Gateway.FindAsync(session_id, caller, cancellation) is { } view
            ? TypedResults.Ok(await ListOfAsync(node, view.SessionId, view.Members))
            : Refusal.SessionNotFound;

    private static async Task<Results<Created<MemberItem>, Refusal>> AddAsync(
        string session_id, JsonBody body, Identity caller, ChatNode node, CancellationToken cancellation)
    {
        var wish = await body.ReadAsync(NewMember.Read);
        if (Limits.CheckText("name", wish.Name, Limits.Name) is { } bad)
        {
            return new Refusal(bad);
        }
        var command = new AddMember { Caller = caller.ToCaller(), Member = wish.ToMember() };
        if (await node.Gateway.AskAsync(session_id, command, cancellation) is Rejected rejected)
        {
            return new Refusal(rejected);
        }
        var view = await node.Gateway.FindAsync(session_id, caller, cancellation);
        var member = view?.Members.FirstOrDefault(member => member.UserId == wish.UserId) ?? command.Member;
        return TypedResults.Created((string?)null, (await ListOfAsync(node, new SessionId(session_id), [member])).Members[0]);
    }

    private static async Task<Results<Ok<MemberRemovedAnswer>, Refusal>> RemoveAsync(
        string session_id, string user_id, Identity caller, ChatNode node, CancellationToken cancellation)
    {
        user_id = user_id.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        return await node.Gateway.AskAsync(session_id, new RemoveMember { Caller = caller.ToCaller(), UserId = user_id }, cancellation) is Rejected rejected
            ? new Refusal(rejected)
            : TypedResults.Ok(new MemberRemovedAnswer("Member removed successfully", user_id));
    }

    private static async ValueTask<MemberList> ListOfAsync(ChatNode node, SessionId session, IReadOnlyList<Member> members)
    {
        var here = await node.WhoIsHereAsync(session);
        return new MemberList([.. members.Select(member => new MemberItem(
            member.UserId, member.Name, member.Role, here.UserIds.Contains(member.UserId), node.Hubs.LastSeen.Find(session, member.UserId)))]);
    }
}
