using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;

namespace Chat.Host.Auth;

/// <summary>
/// What stood in a request's address as <c>token</c> or <c>ticket</c>. It is taken out of the address before anything can log it, so
/// <c>Request.Query</c> never has it and this is the only way to read it.
/// </summary>
public sealed class QueryCredentials
{
    private static readonly QueryCredentials None = new();

    /// <summary>Null where absent or empty.</summary>
    public string? Token { get; private set; }

    public string? Ticket { get; private set; }

    /// <summary>One of the two stood there more than once: nobody can say which was meant.</summary>
    public bool IsAmbiguous { get; private set; }

    public static QueryCredentials Of(HttpContext context) => context.Features.Get<QueryCredentials>() ?? None;

    /// <summary>Rewrites the address that is in <paramref name="features"/>, raw target included.</summary>
    internal static void MoveOutOf(IFeatureCollection features)
    {
        if (features.Get<IHttpRequestFeature>() is not { QueryString.Length: > 1 } request
            || Take(request.QueryString, out var rest) is not { } taken)
            return;
        request.QueryString = rest;
        var query = request.RawTarget.IndexOf('?', StringComparison.Ordinal);
        if (query >= 0)
            request.RawTarget = request.RawTarget[..query] + rest;
        features.Set(taken);
    }

    /// <summary>Null where there is nothing to take. Names are compared as ASP.NET compares them: decoded, in any case.</summary>
    internal static QueryCredentials? Take(string query, out string rest)
    {
        QueryCredentials? taken = null;
        var kept = new StringBuilder(query.Length);
        foreach (var pair in new QueryStringEnumerable(query))
        {
            var name = pair.DecodeName().Span;
            var isToken = name.Equals("token", StringComparison.OrdinalIgnoreCase);
            var isTicket = name.Equals("ticket", StringComparison.OrdinalIgnoreCase);
            // No credential here, but elsewhere the usual name for one, so somebody will send it.
            var isStray = name.Equals("access_token", StringComparison.OrdinalIgnoreCase);
            if (isToken || isTicket || isStray)
            {
                taken ??= new();
                if (isToken)
                    taken.Token = taken.Once(taken.Token, pair.DecodeValue());
                else if (isTicket)
                    taken.Ticket = taken.Once(taken.Ticket, pair.DecodeValue());
                continue;
            }
            kept.Append(kept.Length == 0 ? '?' : '&').Append(pair.EncodedName.Span).Append('=').Append(pair.EncodedValue.Span);
        }
        rest = taken is null ? query : kept.ToString();
        return taken;
    }

    private string? Once(string? before, ReadOnlyMemory<char> value)
    {
        IsAmbiguous |= before is not null;
        return value.IsEmpty ? before : value.ToString();
    }
}
