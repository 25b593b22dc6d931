using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Chat.Host.SocketIo.Engine;

/// <summary>The requests of an Engine.IO path: what they ask for, and whether the protocol allows it.</summary>
internal static class EngineEndpoint
{
    public static async Task HandleAsync(HttpContext context, EngineServer server)
    {
        if (server.Options.AllowOrigin is { } origin && AllowOrigin(context, origin))
        {
            return;
        }
        try
        {
            await HandleAsync(context, server, context.Request.Query["transport"], context.Request.Query["sid"]);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or WebSocketException)
        {
            // The client has gone.
        }
    }

    private static Task HandleAsync(HttpContext context, EngineServer server, StringValues transport, StringValues sid)
    {
        var isPolling = transport == "polling";
        if (!isPolling && transport != "websocket")
        {
            return EngineRefusal.UnknownTransport.WriteAsync(context);
        }
        if (context.Request.Query["EIO"] != "4")
        {
            return EngineRefusal.UnsupportedVersion.WriteAsync(context);
        }
        // With j a script of JSONP is asked for, which is not offered.
        var isBad = isPolling == context.WebSockets.IsWebSocketRequest || context.Request.Query.ContainsKey("j");
        if (sid.Count > 0)
        {
            return server.Find(sid.ToString()) is not { } session ? RefuseUnknownAsync(context, server, sid.ToString(), mayBeCarried: !isBad)
                : isBad ? EngineRefusal.BadRequest.WriteAsync(context)
                : HandleAsync(context, server, session, isPolling);
        }
        return !HttpMethods.IsGet(context.Request.Method) && !context.WebSockets.IsWebSocketRequest ? EngineRefusal.BadMethod.WriteAsync(context)
            : isBad ? EngineRefusal.BadRequest.WriteAsync(context)
            : server.OpenAsync(context, isPolling);
    }

    private static async Task RefuseUnknownAsync(HttpContext context, EngineServer server, string sid, bool mayBeCarried)
    {
        if (!mayBeCarried || server.Options.Carry is not { } carry || !await carry(context, sid))
        {
            await EngineRefusal.UnknownSession.WriteAsync(context);
        }
    }

    /// <summary>A request of a known session.</summary>
    private static Task HandleAsync(HttpContext context, EngineServer server, EngineSession session, bool isPolling)
    {
        // One that has ended is known only to the poll that is still to be told.
        var isPoll = isPolling && HttpMethods.IsGet(context.Request.Method);
        if (!session.IsOpen && !isPoll)
        {
            return EngineRefusal.UnknownSession.WriteAsync(context);
        }
        if (!isPolling)
        {
            return server.UpgradeAsync(context, session);
        }
        if (!session.IsPolling)
        {
            return EngineRefusal.BadRequest.WriteAsync(context);
        }
        return isPoll ? session.Polling!.PollAsync(context)
            : HttpMethods.IsPost(context.Request.Method) ? session.Polling!.PostAsync(context)
            : EngineRefusal.BadRequest.WriteAsync(context);
    }

    /// <summary>True when the request was a preflight, and is answered.</summary>
    private static bool AllowOrigin(HttpContext context, string origin)
    {
        var headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = origin;
        if (!HttpMethods.IsOptions(context.Request.Method))
        {
            return false;
        }
        headers.AccessControlAllowMethods = "GET,POST";
        headers.AccessControlAllowHeaders = context.Request.Headers.AccessControlRequestHeaders;
        headers.AccessControlMaxAge = "600";
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return true;
    }
}
