using Chat.Host.Endpoints;
using Microsoft.Net.Http.Headers;

namespace Chat.Host.Auth;

/// <summary>Refuses requests under a strange Host and from strange pages, and answers CORS for those that may call.</summary>
public static class OriginAndHostRules
{
    private const string Methods = "GET, HEAD, POST, PUT, PATCH, DELETE";
    private const string RequestHeaders = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, traceparent";
    private const string ResponseHeaders = "Retry-After, Content-Disposition";

    /// <summary>Seconds that a browser may keep a preflight's answer.</summary>
    private const string MaxAge = "600";

    /// <summary>Stands before everything that answers, so that no refusal goes out without its CORS headers.</summary>
    public static IApplicationBuilder UseOriginAndHostRules(this IApplicationBuilder app)
    {
        var rules = app.ApplicationServices.GetRequiredService<OriginRules>();
        return app.Use((context, next) => ApplyAsync(rules, context, next));
    }

    private static Task ApplyAsync(OriginRules rules, HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        if (!rules.AcceptsHost(request.Host))
            return Problems.WriteAsync(context, "BAD_FIELD", StatusCodes.Status400BadRequest, "This Host is not served here.");

        var origin = request.Headers.Origin;
        var standing = origin.Count == 0 ? OriginStanding.Own : rules.Judge(origin.ToString(), request.Scheme, request.Host);
        // When the answer starts, because an exception handler clears what was set before.
        context.Response.OnStarting(() =>
        {
            Share(context.Response.Headers, standing, origin.ToString());
            return Task.CompletedTask;
        });

        if (standing == OriginStanding.Foreign && Matters(request))
            return Problems.WriteAsync(context, "FORBIDDEN", StatusCodes.Status403Forbidden, "Pages of this Origin may not call this server.");
        if (standing != OriginStanding.Cross || !IsPreflight(request))
            return next(context);

        var headers = context.Response.Headers;
        headers.AccessControlAllowMethods = Methods;
        headers.AccessControlAllowHeaders = RequestHeaders;
        headers.AccessControlMaxAge = MaxAge;
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private static void Share(IHeaderDictionary headers, OriginStanding standing, string origin)
    {
        // Also without Origin, or a cache would hand the answer without CORS headers to a page that may have it.
        headers.Append(HeaderNames.Vary, HeaderNames.Origin);
        if (standing != OriginStanding.Cross)
            return;
        headers.AccessControlAllowOrigin = origin;
        headers.AccessControlAllowCredentials = "true";
        headers.AccessControlExposeHeaders = ResponseHeaders;
    }

    /// <summary>
    /// Reads may pass, since the browser hides the answer. A handshake or a write acts before anybody asks for the answer;
    /// Engine.IO opens a session by a plain GET; a preflight is asked for nothing else than to be told no.
    /// </summary>
    private static bool Matters(HttpRequest request) =>
        !(HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method))
        || request.Headers.Upgrade.Count > 0
        || request.Path.StartsWithSegments("/socket.io")
        || IsPreflight(request);

    private static bool IsPreflight(HttpRequest request) =>
        HttpMethods.IsOptions(request.Method) && request.Headers.AccessControlRequestMethod.Count > 0;
}
