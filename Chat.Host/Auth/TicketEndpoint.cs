namespace Chat.Host.Auth;

/// <summary><c>POST /api/chat/tickets</c>.</summary>
public static class TicketEndpoint
{
    public static IEndpointConventionBuilder MapTickets(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/chat/tickets", (HttpContext context, Identity caller, Tickets tickets) =>
        {
            context.Response.Headers.CacheControl = "no-store";
            return TypedResults.Json(new { ticket = tickets.Issue(caller), expires_in = (int)tickets.Lifetime.TotalSeconds });
        }).RequireIdentity();
}
