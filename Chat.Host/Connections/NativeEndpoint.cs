using System.Diagnostics;
using System.Globalization;
using Chat.Actors.Delivery;
using Chat.Actors.Persistence;
using Chat.Actors.Runtime;
using Chat.Actors.Sessions;
using Chat.Host.Agents;
using Chat.Host.Auth;
using Chat.Host.Configuration;
using Chat.Host.Endpoints;
using Chat.Protocol;
using Microsoft.AspNetCore.Http.Features;

namespace Chat.Host.Connections;

/// <summary><c>/ws/{session_id}</c>: the native WebSocket.</summary>
internal static partial class NativeEndpoint
{
    private static readonly KeyValuePair<string, object?> FaceTag = new(ChatMetrics.Face, "native");

    public static void MapNative(this IEndpointRouteBuilder app) => app.Map("/ws/{session_id}", HandleAsync).ExcludeFromDescription();

    private static async Task HandleAsync(
        HttpContext context, string session_id, ChatOptions options, Authenticator authenticator, NativeServices services, AgentCatalog agents,
        ConnectionRegistry registry, ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger("Chat.Connections");
        if (!context.WebSockets.IsWebSocketRequest)
        {
            await Problems.WriteAsync(context, ErrorCode.BadField.Name(), StatusCodes.Status400BadRequest, "This address speaks WebSocket only");
            return;
        }
        if (!registry.TryEnter())
        {
            await Problems.WriteAsync(context, "OVERLOADED", StatusCodes.Status503ServiceUnavailable, "No more connections are taken now", TimeSpan.FromSeconds(5));
            return;
        }
        var hasPlace = true;
        try
        {
            var authenticated = await authenticator.AuthenticateAsync(context, CredentialPlaces.Socket);
            if (authenticated.Identity is null)
            {
                // It is told so and may take its time to hear it, but not a place from those who may come in.
                registry.Leave();
                hasPlace = false;
            }
            using var socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
            {
                SubProtocol = Authenticator.SelectSubprotocol(context),
                // The connection's own heartbeat pings; over HTTP/2, where it has no stream to ping on, the framework's does.
                KeepAliveInterval = context.Features.Get<GatedStream>() is null && HttpProtocol.IsHttp2(context.Request.Protocol)
                    ? options.WebSocket.HeartbeatInterval
                    : Timeout.InfiniteTimeSpan,
                KeepAliveTimeout = options.WebSocket.ConnectionTimeout,
            });
            await RunAsync(context, new SessionId(session_id), authenticated, socket, options, services, agents, registry, logger);
        }
        catch (Exception e) when (e is IOException or System.Net.WebSockets.WebSocketException)
        {
            LogHandshake(logger, e.Message);
        }
        finally
        {
            if (hasPlace)
            {
                registry.Leave();
            }
        }
    }

    private static async Task RunAsync(
        HttpContext context, SessionId session, IdentityResult authenticated, System.Net.WebSockets.WebSocket socket, ChatOptions options, NativeServices services,
        AgentCatalog agents, ConnectionRegistry registry, ILogger logger)
    {
        var user = authenticated.Identity?.UserId ?? "";
        var subscriber = new Subscriber(NativeCodec.Instance, user, options.WebSocket.QueueLimit);
        await using var connection = new Connection(socket, context.Features.Get<GatedStream>(), subscriber, options.WebSocket, services.Time, logger, context.RequestAborted);
        registry.Add(connection);
        ChatMetrics.Connections.Add(1, FaceTag);
        var scope = new SessionScope(session);
        using var logged = logger.BeginScope(scope);
        context.Features.Set(scope);
        var hub = services.Hubs.Subscribe(session, subscriber);
        var entered = false;
        try
        {
            var face = await EnterAsync(context, session, authenticated, subscriber, hub, options, services, agents, logger);
            if (face is null)
            {
                await connection.RunAsync(ClosedFace.Instance);
                return;
            }
            using (face)
            {
                hub.Presence.Enter(user);
                entered = true;
                try
                {
                    await connection.RunAsync(face);
                }
                finally
                {
                    await face.EndAsync();
                }
            }
        }
        finally
        {
            if (entered && hub.Presence.Leave(user))
            {
                services.Hubs.LastSeen.Set(session, user, services.Time.GetUtcNow());
            }
            services.Hubs.Unsubscribe(hub, subscriber);
            registry.Remove(connection);
            ChatMetrics.Connections.Add(-1, FaceTag);
        }
    }

    /// <summary>Null where the socket was refused: the subscriber then carries the close code.</summary>
    private static async ValueTask<NativeConnection?> EnterAsync(
        HttpContext context, SessionId session, IdentityResult authenticated, Subscriber subscriber, SessionHub hub, ChatOptions options, NativeServices services,
        AgentCatalog agents, ILogger logger)
    {
        NativeConnection? Refuse(int code, string reason)
        {
            subscriber.Close(code, reason);
            return null;
        }
        if (!authenticated.IsAccepted(out var identity))
        {
            return authenticated.Outcome == IdentityOutcome.Unavailable
                ? Refuse(CloseCode.Overloaded, "Tokens cannot be checked now")
                : Refuse(CloseCode.Refused, "Missing or bad token");
        }
        if (!SessionId.IsWellFormed(session.Value))
        {
            return Refuse(CloseCode.Refused, "Session not found");
        }
        if (!TryReadSince(context, out var since))
        {
            return Refuse(CloseCode.Refused, "since must be a seq");
        }
        var caller = new Caller(identity.UserId, identity.Name, identity.IsAdmin, identity.IsAgent);
        try
        {
            if (options.IsDevelopment)
            {
                await JoinOpenSessionAsync(session, caller, options, services, agents);
            }
            var replay = new Replay(services.Gateway, services.Journal, hub, subscriber, since);
            var view = await replay.BeginAsync(context.RequestAborted);
            if (view is null || !view.MayRead(caller))
            {
                return Refuse(CloseCode.Refused, "Session not found");
            }
            context.Features.GetRequiredFeature<SessionScope>().TraceId = view.TraceId;
            Activity.Current?.SetTag(ChatActivity.SessionTag, session.Value).SetTag(ChatActivity.TraceTag, view.TraceId);
            subscriber.Open(NativeReplies.Connected(session, identity.UserId, view.Head, services.Time.GetUtcNow()));
            if (since > view.Head)
            {
                subscriber.Send(NativeReplies.Reset(view.Head));
            }
            return new NativeConnection(services, hub, subscriber, identity, replay);
        }
        catch (JournalUnavailableException)
        {
            return Refuse(CloseCode.Overloaded, "The storage does not answer");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogFault(logger, e, session.Value);
            return Refuse(CloseCode.ServerFault, "The server failed");
        }
    }

    /// <summary>Development: whoever names a session is its member, and makes it where there is none.</summary>
    private static async ValueTask JoinOpenSessionAsync(SessionId session, Caller caller, ChatOptions options, NativeServices services, AgentCatalog agents)
    {
        var agent = agents.Find(options.Sessions.DevAutoAgent);
        await services.Gateway.AskAsync(session, new CreateSession
        {
            Caller = caller,
            SessionId = session,
            TraceId = TimeOrderedId.New("trace_"),
            AgentId = agent?.Id,
            AgentName = agent?.Name,
            AgentExternal = agent?.AnswersItself ?? false,
            Open = true,
        });
    }

    private static bool TryReadSince(HttpContext context, out long? since)
    {
        since = null;
        if (!context.Request.Query.TryGetValue("since", out var text))
        {
            return true;
        }
        var isSeq = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seq);
        since = seq;
        return isSeq;
    }

    /// <summary>A socket that is only closed.</summary>
    private sealed class ClosedFace : IFaceConnection
    {
        public static readonly ClosedFace Instance = new();

        public bool HasToPage => false;

        public ValueTask ReceiveAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellation) => default;

        public ValueTask<bool> PageAsync(List<Frame> frames, CancellationToken cancellation) => default;
    }

    [LoggerMessage(200, LogLevel.Debug, "A WebSocket handshake broke off: {Reason}")]
    private static partial void LogHandshake(ILogger logger, string reason);

    [LoggerMessage(202, LogLevel.Error, "A socket could not enter session {Session}")]
    private static partial void LogFault(ILogger logger, Exception fault, string session);
}
