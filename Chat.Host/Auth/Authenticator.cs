namespace Chat.Host.Auth;

/// <summary>
/// Finds a request's credential and reads it. Where several are given, the first of Authorization header, subprotocol, <c>?token=</c>,
/// <c>?ticket=</c> decides alone: if it is bad the request is refused, and the others are neither tried nor used up.
/// </summary>
public sealed class Authenticator(TokenReader tokens, Tickets tickets)
{
    /// <summary>The subprotocol whose next neighbour is the token.</summary>
    public const string Subprotocol = "bearer";

    private const string Scheme = "Bearer";

    /// <summary>
    /// The subprotocol to select in the handshake, or null. Also for a refused credential: a browser gives up on a handshake that
    /// answers none of its subprotocols, and never sees the close code.
    /// </summary>
    public static string? SelectSubprotocol(HttpContext context) =>
        context.WebSockets.WebSocketRequestedProtocols.Contains(Subprotocol) ? Subprotocol : null;

    /// <summary>Who calls. Once accepted, the identity stays with the request and is not proved again, so a ticket is used up once.</summary>
    public async ValueTask<IdentityResult> AuthenticateAsync(HttpContext context, CredentialPlaces places)
    {
        if (context.Features.Get<Identity>() is { } known)
            return IdentityResult.Accepted(known);
        var result = await ReadAsync(context, places);
        if (result.IsAccepted(out var identity))
            context.Features.Set(identity);
        return result;
    }

    private ValueTask<IdentityResult> ReadAsync(HttpContext context, CredentialPlaces places)
    {
        if (places.HasFlag(CredentialPlaces.Header) && TryBearer(context, out var token))
            return token is null ? Malformed("Authorization header") : tokens.ReadAsync(token, context.RequestAborted);
        if (places.HasFlag(CredentialPlaces.Subprotocol) && TrySubprotocol(context, out token))
            return token is null ? Malformed("subprotocol") : tokens.ReadAsync(token, context.RequestAborted);

        var query = QueryCredentials.Of(context);
        var takesToken = places.HasFlag(CredentialPlaces.QueryToken);
        var takesTicket = places.HasFlag(CredentialPlaces.Ticket);
        if (query.IsAmbiguous && (takesToken || takesTicket))
            return Malformed("address");
        if (takesToken && query.Token is not null)
            return tokens.ReadAsync(query.Token, context.RequestAborted);
        if (takesTicket && query.Ticket is not null)
            return tickets.RedeemAsync(query.Ticket, context.RequestAborted);
        return new(IdentityResult.Anonymous);
    }

    private static ValueTask<IdentityResult> Malformed(string place) =>
        new(IdentityResult.Refused($"The credential in the {place} is malformed."));

    /// <summary>False also for another scheme: that is a proxy's business, and no credential here.</summary>
    private static bool TryBearer(HttpContext context, out string? token)
    {
        token = null;
        var values = context.Request.Headers.Authorization;
        if (values.Count > 1)
            return true;
        if (values.Count == 0 || values[0] is not { } value || !value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return false;
        var rest = value.AsSpan(Scheme.Length);
        if (!rest.IsEmpty && rest[0] != ' ')
            return false;
        rest = rest.Trim(' ');
        token = rest.IsEmpty ? null : rest.ToString();
        return true;
    }

    private static bool TrySubprotocol(HttpContext context, out string? token)
    {
        var offered = context.WebSockets.WebSocketRequestedProtocols;
        var at = offered.IndexOf(Subprotocol);
        token = at >= 0 && at + 1 < offered.Count ? offered[at + 1] : null;
        return at >= 0;
    }
}
