namespace Chat.Host.Auth;

/// <summary>Response headers that tell a browser how little a page of this server needs.</summary>
public static class SecurityHeaders
{
    private const string Policy =
        "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    /// <summary>Swagger UI starts by an inline script and styles itself inline.</summary>
    private const string DocsPolicy =
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

    /// <summary>Stands first. An endpoint that sets one of the headers itself keeps its own.</summary>
    /// <param name="docs">Where Swagger UI is, if it is served.</param>
    public static IApplicationBuilder UseSecurityHeaders(this IApplicationBuilder app, PathString docs = default) =>
        app.Use((context, next) =>
        {
            var policy = docs.HasValue && context.Request.Path.StartsWithSegments(docs) ? DocsPolicy : Policy;
            context.Response.OnStarting(() =>
            {
                var headers = context.Response.Headers;
                headers.TryAdd("X-Content-Type-Options", "nosniff");
                headers.TryAdd("Referrer-Policy", "no-referrer");
                headers.TryAdd("Content-Security-Policy", policy);
                return Task.CompletedTask;
            });
            return next(context);
        });
}
