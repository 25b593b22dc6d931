using System.Diagnostics;
using Chat.Actors.Delivery;
using Chat.Actors.Persistence;
using Chat.Actors.Runtime;
using Chat.Host.Auth;
using Chat.Host.Configuration;
using Chat.Host.Endpoints;
using Chat.Protocol;
using Microsoft.AspNetCore.Http.Features;

namespace Chat.Host.Connections;

/// <summary>Takes a WebSocket from its handshake to its end, for every face that is one: the face says who comes in and what its frames are.</summary>
internal sealed partial class FaceSockets(ChatOptions options, FaceServices services, ConnectionRegistry registry, ILoggerFactory loggers)
{
    private readonly ILogger _logger = loggers.CreateLogger("Chat.Connections");

    /// <param name="face">Its name among the metrics.</param>
    /// <param name="admit">Asked once, before the handshake is answered.</param>
    public async Task RunAsync(HttpContext context, string face, Func<HttpContext, ValueTask<Entrance>> admit)
    {
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
            var entrance = await AdmitAsync(context, admit);
            if (entrance.Refusal is not null)
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
            await RunAsync(context, face, entrance, socket);
        }
        catch (Exception e) when (e is IOException or System.Net.WebSockets.WebSocketException)
        {
            LogHandshake(_logger, e.Message);
        }
        finally
        {
            if (hasPlace)
            {
                registry.Leave();
            }
        }
    }

    private async ValueTask<Entrance> AdmitAsync(HttpContext context, Func<HttpContext, ValueTask<Entrance>> admit)
    {
        try
        {
            return await admit(context);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return RefusalOf(e);
        }
    }

    private async Task RunAsync(HttpContext context, string face, Entrance entrance, System.Net.WebSockets.WebSocket socket)
    {
        var tag = new KeyValuePair<string, object?>(ChatMetrics.Face, face);
        var stream = context.Features.Get<GatedStream>();
        var subscriber = new Subscriber(entrance.Codec, entrance.Caller.UserId, options.WebSocket.QueueLimit) { WriteNow = stream is null ? null : stream.TryWrite };
        await using var connection = new Connection(socket, stream, subscriber, options.WebSocket, services.Time, _logger, context.RequestAborted);
        registry.Add(connection);
        ChatMetrics.Connections.Add(1, tag);
        try
        {
            if (entrance.Refusal is var (code, reason))
            {
                connection.Close(code, reason);
                await connection.RunAsync(ClosedFace.Instance);
            }
            else
            {
                await RunAsync(context, entrance, connection, subscriber);
            }
        }
        finally
        {
            registry.Remove(connection);
            ChatMetrics.Connections.Add(-1, tag);
        }
    }

    private async Task RunAsync(HttpContext context, Entrance entrance, Connection connection, Subscriber subscriber)
    {
        var scope = new SessionScope(entrance.Session);
        using var logged = _logger.BeginScope(scope);
        context.Features.Set(scope);
        var hub = services.Hubs.Subscribe(entrance.Session, subscriber);
        try
        {
            using var face = await EnterAsync(context, entrance, subscriber, hub);
            if (face is null)
            {
                await connection.RunAsync(ClosedFace.Instance);
                return;
            }
            Forget(context);
            hub.Presence.Enter(entrance.Who);
            try
            {
                await connection.RunAsync(face);
            }
            finally
            {
                await face.EndAsync();
                if (hub.Presence.Leave(entrance.Who))
                {
                    services.Hubs.LastSeen.Set(entrance.Session, entrance.Who.UserId, services.Time.GetUtcNow());
                }
            }
        }
        finally
        {
            services.Hubs.Unsubscribe(hub, subscriber);
        }
    }

    /// <summary>Null where the socket was refused: the subscriber then carries the close code.</summary>
    private async ValueTask<ILiveFace?> EnterAsync(HttpContext context, Entrance entrance, Subscriber subscriber, SessionHub hub)
    {
        ILiveFace? Refuse((int Code, string Reason) refusal)
        {
            subscriber.Close(refusal.Code, refusal.Reason);
            return null;
        }
        try
        {
            var replay = new Replay(services.Gateway, services.Journal, hub, subscriber, entrance.Since);
            var view = await replay.BeginAsync(context.RequestAborted);
            if (view is null || !view.MayRead(entrance.Caller))
            {
                return Refuse((CloseCode.Refused, "Session not found"));
            }
            if (view.IsArchived && entrance.Codec.EndsWithArchive)
            {
                return Refuse((CloseCode.Refused, "Session closed"));
            }
            context.Features.GetRequiredFeature<SessionScope>().TraceId = view.TraceId;
            Activity.Current?.SetTag(ChatActivity.SessionTag, entrance.Session.Value).SetTag(ChatActivity.TraceTag, view.TraceId);
            var face = entrance.Open(new EnteredSocket(entrance, hub, subscriber, replay, view));
            if (entrance.Since > view.Head)
            {
                subscriber.Send(SocketReplies.Reset(view.Head));
            }
            return face;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return Refuse(RefusalOf(e).Refusal!.Value);
        }
    }

    /// <summary>What the handshake said, a token among it, is not kept for as long as the socket lives.</summary>
    private static void Forget(HttpContext context)
    {
        context.Request.Headers.Clear();
        context.Request.QueryString = default;
        context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = "";
    }

    private Entrance RefusalOf(Exception fault)
    {
        if (fault is JournalUnavailableException)
        {
            return Entrance.Refused(CloseCode.Overloaded, "The storage does not answer");
        }
        LogFault(_logger, fault);
        return Entrance.Refused(CloseCode.ServerFault, "The server failed");
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

    [LoggerMessage(202, LogLevel.Error, "A socket could not enter its session")]
    private static partial void LogFault(ILogger logger, Exception fault);
}
