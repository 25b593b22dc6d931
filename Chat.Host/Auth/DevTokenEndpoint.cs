using System.Net;
using Chat.Host.Endpoints;

namespace Chat.Host.Auth;

/// <summary><c>GET /dev/token</c>: a token for anybody who asks from this machine. Map it in development only.</summary>
public static class DevTokenEndpoint
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    public static IEndpointConventionBuilder MapDevToken(this IEndpointRouteBuilder routes) => routes.MapGet("/dev/token", Give);

    internal static IResult Give(HttpContext context, TokenIssuer issuer, string? user, string? name, string? roles)
    {
        if (context.Connection.RemoteIpAddress is not { } caller || !IPAddress.IsLoopback(caller))
            return Problems.Problem("NOT_FOUND", StatusCodes.Status404NotFound, "There is nothing here.");
        if (!issuer.CanIssue)
            return Problems.Problem("NOT_FOUND", StatusCodes.Status404NotFound, "Tokens are made elsewhere: the algorithm is not HS256.");
        if (!Identity.IsUserId(user))
            return Problems.Problem("BAD_FIELD", StatusCodes.Status422UnprocessableEntity, "user is 1 to 100 characters, none of them a control.");

        context.Response.Headers.CacheControl = "no-store";
        return Results.Json(new
        {
            token = issuer.Issue(user, name, RoleNames.Parse(roles), Lifetime),
            user_id = user,
            expires_in = (int)Lifetime.TotalSeconds,
        });
    }
}
