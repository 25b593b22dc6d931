using Chat.Host.Auth;
using Chat.Host.Endpoints;
using Chat.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;
using Accepted = Chat.Protocol.Accepted;

namespace Chat.Host.Faces.Participants;

/// <summary><c>POST /api/participants/join/{session_code}</c> (seed 000).</summary>
internal static class JoinEndpoint
{
    private static readonly Refusal NotFound = new(ErrorCode.NotFound, "세션을 찾을 수 없거나 비활성 상태입니다.");

    public static IEndpointRouteBuilder MapJoin(this IEndpointRouteBuilder routes)
    {
        routes.MapPublicApi("/api/participants/join/{session_code}", "Participants").LimitByAddress().MapPost("", JoinAsync).WithBody<NewParticipant>()
            .WithSummary("Join a session by its code")
            .WithDescription("""
                Needs no bearer token. The answer's token, also set as a cookie, lets the participant's socket in. A nickname that another participant has, in any
                spelling, gets 400 NAME_TAKEN; an unknown code and an archived session 404.
                """);
        return routes;
    }

    private static async Task<Results<Ok<Joined>, Refusal>> JoinAsync(
        string session_code, JsonBody body, HttpContext context, ParticipantServices services, CancellationToken cancellation)
    {
        var wish = await body.ReadAsync(NewParticipant.Read);
        if (Nickname.Read(wish.Nickname, out var bad) is not { } nickname)
        {
            return new Refusal(bad!);
        }
        if (await services.Codes.FindAsync(session_code, cancellation) is not { } view)
        {
            services.Limits.ChargeGuess(context);
            return NotFound;
        }
        var id = Guid.CreateVersion7().ToString();
        var command = new JoinSession { Caller = new Caller(id, nickname), ParticipantId = id, Nickname = nickname };
        switch (await services.Common.Gateway.AskAsync(view.SessionId, command, cancellation))
        {
            case Accepted accepted:
                var token = services.Proof.Issue(view.SessionId, id);
                context.Response.Cookies.Append(ParticipantProof.Cookie, token, CookieFor(context, $"/ws/{session_code}/{id}"));
                return TypedResults.Ok(Joined.Of(new JoinedParticipant(id, nickname, accepted.At), view, token));
            case Rejected { Code: ErrorCode.NameTaken } taken:
                // The seed's status; elsewhere a name that is taken is a conflict.
                return new Refusal(taken.Code.Name(), StatusCodes.Status400BadRequest, taken.Text);
            case var reply:
                return new Refusal((Rejected)reply);
        }
    }

    private static CookieOptions CookieFor(HttpContext context, string path) =>
        new() { HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = context.Request.IsHttps, Path = path, IsEssential = true };
}
