using System.Net;
using Chat.Actors.Agents;
using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Host.Agents;
using Chat.Host.Auth;
using Chat.Host.Configuration;
using Chat.Host.Connections;
using Chat.Host.Endpoints;
using Chat.Host.Faces.Channels;
using Chat.Host.Faces.Native;
using Chat.Host.Faces.Participants;
using Chat.Host.Faces.Rooms;
using Chat.Host.Faces.SocketIo;
using Chat.Host.Files;
using Chat.Host.Redis;
using Chat.Host.Telemetry;
using Chat.Protocol;
using Microsoft.AspNetCore.Diagnostics;

namespace Chat.Host;

/// <summary>The one composition root: options in, a web application out.</summary>
public static class ChatServer
{
    /// <summary>Opens the storage and puts the server together; the caller runs and disposes it.</summary>
    /// <param name="events">What this node reads and writes: all that this build knows.</param>
    /// <exception cref="MigrationRefusedException" />
    /// <exception cref="JournalUnavailableException" />
    public static async Task<WebApplication> BuildAsync(ChatOptions options, Action<ILoggingBuilder>? logging = null, TimeProvider? time = null, EventCodec? events = null)
    {
        time ??= TimeProvider.System;
        events ??= new EventCodec();
        var name = ChatNode.NewName();
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            ContentRootPath = AppContext.BaseDirectory,
            WebRootPath = Path.Combine(AppContext.BaseDirectory, "wwwroot"),
            EnvironmentName = options.IsDevelopment ? Environments.Development : Environments.Production,
        });
        builder.Logging.ClearProviders();
        logging?.Invoke(builder.Logging);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.TrustNoOtherProxies();
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, options));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.Service.DrainTime + options.Service.ShutdownTimeout);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton(_ => new OtlpExport(options, name));
        builder.Services.AddAuth(options);
        builder.Services.AddRest(options);

        // The storage is opened before the container is built, and logs as long as the server runs.
        var storageLoggers = LoggerFactory.Create(l => logging?.Invoke(l));
        builder.Services.AddSingleton(new AgentCatalog(options, time));
        var storage = await Storage.OpenAsync(options, events, time, storageLoggers);
        var hubs = new Actors.Delivery.SessionHubs(time);
        var redis = await RedisLink.OpenAsync(name, options, hubs, time, storageLoggers);
        var cluster = ClusterLink.Open(name, options, events, redis?.Connection, hubs, time, storageLoggers);
        redis?.AddTickets(builder.Services);
        builder.Services.AddSingleton(services => new ChatNode(
            name, options, storage, hubs, redis, cluster, services.GetRequiredService<AgentCatalog>(),
            Engine.Of(options, name, cluster, time, services.GetRequiredService<ILoggerFactory>()), time, services.GetRequiredService<ILoggerFactory>()));
        AddNodeParts(builder.Services, options);

        var app = builder.Build();
        // First, so that it is disposed last and sends what the others do at their end.
        app.Services.GetRequiredService<OtlpExport>();
        app.UseTrustedProxies(options.Service.TrustedProxies);
        app.UseSecurityHeaders(options.IsDevelopment ? "/docs" : default);
        app.UseOriginAndHostRules();
        app.UseExceptionHandler(failed => failed.Run(context =>
            Problems.WriteAsync(context, "INTERNAL", StatusCodes.Status500InternalServerError, Describe(context, options))));
        app.Use(GatedStream.GateUpgrade);
        app.UseWebSockets();
        app.UseDefaultFiles();
        app.UseStaticFiles();
        app.UseRouting();
        app.UseIdentity();
        app.MapTickets();
        if (options.IsDevelopment)
        {
            app.MapDevToken();
        }
        app.MapNative();
        app.MapSocketIoFace();
        app.MapParticipants();
        app.MapRooms();
        app.MapChannels();
        app.MapRest();

        var node = app.Services.GetRequiredService<ChatNode>();
        app.Lifetime.ApplicationStarted.Register(node.Start);
        app.Lifetime.ApplicationStopped.Register(storageLoggers.Dispose);
        return app;
    }

    private static string Describe(HttpContext context, ChatOptions options) =>
        options.Service.Debug && context.Features.Get<IExceptionHandlerFeature>() is { Error: var fault } ? fault.ToString() : "The server failed.";

    private static void AddNodeParts(IServiceCollection services, ChatOptions options)
    {
        services.AddSingleton(new ConnectionRegistry(options.WebSocket.MaxConnections));
        services.AddSingleton(provider =>
        {
            var node = provider.GetRequiredService<ChatNode>();
            return new FaceServices(node.Gateway, node.Journal, node.Hubs, node.ReadModel, provider.GetRequiredService<TimeProvider>(), options.WebSocket.MaxLag);
        });
        services.AddSingleton(provider =>
        {
            var node = provider.GetRequiredService<ChatNode>();
            return new OpenSessions(options, node.Gateway, node.RateLimiter, provider.GetRequiredService<AgentCatalog>());
        });
        services.AddSingleton<FaceSockets>();
        services.AddSocketIoFace(options);
        services.AddSingleton(provider => new NativeServices(
            provider.GetRequiredService<FaceServices>(), provider.GetRequiredService<Authenticator>(), provider.GetRequiredService<OpenSessions>(),
            provider.GetRequiredService<ChatNode>().Markers, provider.GetRequiredService<TokenReader>(), provider.GetRequiredService<ChatNode>().Name, options.IsDevelopment));
        services.AddParticipants(options);
        services.AddRooms(options);
        services.AddFiles(options);
        services.AddSingleton<NodeDrain>();
        services.AddHostedService(provider => provider.GetRequiredService<NodeDrain>());
    }

    private static void Listen(Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServerOptions kestrel, ChatOptions options)
    {
        kestrel.AddServerHeader = false;
        var service = options.Service;
        void Secure(Microsoft.AspNetCore.Server.Kestrel.Core.ListenOptions listen)
        {
            if (service.UseSsl)
            {
                listen.UseHttps(System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPemFile(service.CertificatePath!, service.CertificateKeyPath));
            }
        }
        if (options.IsDevelopment && service.Port != 0)
        {
            kestrel.ListenLocalhost(service.Port, Secure);
        }
        else if (options.IsDevelopment)
        {
            kestrel.Listen(IPAddress.Loopback, 0, Secure);
        }
        else
        {
            kestrel.Listen(IPAddress.Parse(service.Address), service.Port, Secure);
        }
    }
}
