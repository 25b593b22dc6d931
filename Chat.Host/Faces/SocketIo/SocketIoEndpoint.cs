using Chat.Host.Auth;
using Chat.Host.Configuration;
using Chat.Host.Connections;
using Chat.Host.SocketIo;

namespace Chat.Host.Faces.SocketIo;

/// <summary><c>/socket.io</c>.</summary>
internal static class SocketIoEndpoint
{
    public static void AddSocketIoFace(this IServiceCollection services, ChatOptions options)
    {
        services.AddSingleton(provider => new SocketIoDoor(
            options, provider.GetRequiredService<FaceServices>().Gateway, provider.GetRequiredService<OpenSessions>(),
            provider.GetRequiredService<TokenReader>(), provider.GetRequiredService<ParticipantProof>()));
        services.AddSingleton<SocketIoCarrier>();
        services.AddSingleton(provider => new SocketIoServices(
            provider.GetRequiredService<FaceServices>(), provider.GetRequiredService<ChatNode>().ReadModel, options.WebSocket.QueueLimit,
            provider.GetRequiredService<ILoggerFactory>().CreateLogger("Chat.SocketIo")));
        services.AddSingleton(provider => new SocketIoFace(
            options, provider.GetRequiredService<ConnectionRegistry>(), provider.GetRequiredService<SocketIoDoor>(),
            provider.GetRequiredService<SocketIoCarrier>(), provider.GetRequiredService<SocketIoServices>()));
    }

    public static void MapSocketIoFace(this WebApplication app)
    {
        var server = app.Services.GetRequiredService<SocketIoFace>().Server;
        app.MapSocketIo("/socket.io", server).ExcludeFromDescription();
    }
}
