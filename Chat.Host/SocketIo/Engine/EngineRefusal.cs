using Microsoft.AspNetCore.Http;

namespace Chat.Host.SocketIo.Engine;

/// <summary>A request that is refused, as clients of the protocol expect to read it.</summary>
internal sealed record EngineRefusal(int Status, int Code, string Message)
{
    public static readonly EngineRefusal UnknownTransport = new(400, 0, "Transport unknown");
    public static readonly EngineRefusal UnknownSession = new(400, 1, "Session ID unknown");
    public static readonly EngineRefusal BadMethod = new(400, 2, "Bad handshake method");
    public static readonly EngineRefusal BadRequest = new(400, 3, "Bad request");
    public static readonly EngineRefusal TooLarge = new(413, 3, "Payload too large");
    public static readonly EngineRefusal UnsupportedVersion = new(400, 5, "Unsupported protocol version");

    public static EngineRefusal Forbidden(int status) => new(status, 4, "Forbidden");

    public async Task WriteAsync(HttpContext context)
    {
        if (context.Response.HasStarted)
        {
            return;
        }
        context.Response.StatusCode = Status;
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.WriteAsync($$"""{"code":{{Code}},"message":"{{Message}}"}""", context.RequestAborted);
    }
}
