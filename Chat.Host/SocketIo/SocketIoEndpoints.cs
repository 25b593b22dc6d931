using Chat.Host.Connections;
using Chat.Host.SocketIo.Engine;

namespace Chat.Host.SocketIo;

/// <summary>Where the servers answer.</summary>
public static class SocketIoEndpoints
{
    /// <summary>Answers all methods of the path, with and without a slash at its end (<c>/socket.io</c>).</summary>
    public static IEndpointConventionBuilder MapSocketIo(this IEndpointRouteBuilder app, string path, SocketIoServer server) => app.MapEngineIo(path, server.Engine);

    /// <summary>Bare Engine.IO.</summary>
    public static IEndpointConventionBuilder MapEngineIo(this IEndpointRouteBuilder app, string path, EngineServer server) =>
        app.Map(path, context => EngineEndpoint.HandleAsync(context, server)).ExcludeFromDescription();

    /// <summary>WebSockets on gated streams, onto which finished frames are written as they are; needs a <see cref="TimeProvider"/> among the services.</summary>
    public static IApplicationBuilder UseGatedWebSockets(this IApplicationBuilder app) => app.Use(GatedStream.GateUpgrade).UseWebSockets();
}
