using Chat.Actors.Persistence;
using Chat.Actors.Runtime;
using Chat.Host.Configuration;
using Chat.Host.Connections;
using Chat.Host.SocketIo;
using Chat.Host.SocketIo.Engine;
using Chat.Protocol;

namespace Chat.Host.Faces.SocketIo;

/// <summary><c>/socket.io</c>: seed 000's events over the Socket.IO server.</summary>
internal sealed class SocketIoFace
{
    /// <summary>As Engine.IO's own default: a poll or pong that is late by so much is not coming.</summary>
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(20);

    private static readonly KeyValuePair<string, object?> FaceTag = new(ChatMetrics.Face, "socketio");

    private readonly ConnectionRegistry _registry;

    /// <summary>
    /// Sessions of Engine.IO that have joined no session of the chat, of all and of each address. They have proved nothing and cost one request, so they may not take the
    /// places of all others, nor one address those of everyone else outside.
    /// </summary>
    private readonly SocketIoOutside _outside;

    public SocketIoFace(ChatOptions options, ConnectionRegistry registry, SocketIoDoor door, SocketIoCarrier carrier, SocketIoServices services)
    {
        _registry = registry;
        _outside = new SocketIoOutside(Math.Max(1, options.WebSocket.MaxConnections / 2));
        Server = new SocketIoServer(
            new SocketIoOptions
            {
                Engine = new EngineOptions
                {
                    PingInterval = options.WebSocket.HeartbeatInterval,
                    PingTimeout = PingTimeout,
                    MaxPayload = options.WebSocket.MessageSizeLimit,
                    Admit = Admit,
                    Release = static place => ((Place)place!).Leave(),
                    Mark = carrier.Mark,
                    Carry = carrier.TryCarryAsync,
                },
                MaxPacketBytes = options.WebSocket.MessageSizeLimit,
                MaxDepth = Limits.JsonDepth,
            },
            services.Common.Time,
            services.Logger);
        var main = Server.Of("/");
        main.OnConnecting = static (_, auth) => new(SocketIoAuth.Check(auth));
        main.OnConnected = (socket, auth) =>
        {
            socket.State = new SocketIoClient(socket, SocketIoAuth.Read(auth), door, services);
            socket.Send(SocketIoFrames.Connected);
            return default;
        };
        main.OnDisconnected = static (socket, _) => ClientOf(socket).LeaveAsync();
        main.On("join_session", e => HandleAsync(e, static async (client, e) =>
        {
            if (await client.JoinAsync(e))
            {
                ((Place)e.Socket.Session.Handshake!).Enter();
            }
        }));
        main.On("send_message", e => HandleAsync(e, static (client, e) => client.SendAsync(e)));
        main.On("get_chat_history", e => HandleAsync(e, static (client, e) => client.ShowHistoryAsync(e)));
        main.On("activity", e => HandleAsync(e, static (client, e) => client.NoteActivity(e)));
        main.OnUnknownEvent = e => HandleAsync(e, static (client, e) =>
        {
            client.Refuse(e, new Rejected(ErrorCode.UnknownType, "Unknown event"));
            return default;
        });
    }

    public SocketIoServer Server { get; }

    private EngineAdmission Admit(HttpContext context)
    {
        var address = AddressLimits.KeyOf(context.Connection.RemoteIpAddress);
        if (_outside.TryEnter(address))
        {
            if (_registry.TryEnter())
            {
                ChatMetrics.Connections.Add(1, FaceTag);
                return EngineAdmission.Accept(new Place(this, address));
            }
            _outside.Leave(address);
        }
        context.Response.Headers.RetryAfter = "5";
        return EngineAdmission.Refuse(StatusCodes.Status503ServiceUnavailable);
    }

    private static async ValueTask HandleAsync(SocketIoEvent e, Func<SocketIoClient, SocketIoEvent, ValueTask> handle)
    {
        var client = ClientOf(e.Socket);
        try
        {
            await handle(client, e);
        }
        catch (FieldException bad)
        {
            client.Refuse(e, bad.ToRejected());
        }
        catch (JournalUnavailableException)
        {
            client.Refuse(e, SocketIoClient.NotStored);
        }
    }

    private static SocketIoClient ClientOf(SocketIoSocket socket) => (SocketIoClient)socket.State!;

    /// <summary>One session's place on this node, outside until it has joined.</summary>
    private sealed class Place(SocketIoFace face, UInt128 address)
    {
        private int _isInside;

        public void Enter()
        {
            if (Interlocked.Exchange(ref _isInside, 1) == 0)
            {
                face._outside.Leave(address);
            }
        }

        public void Leave()
        {
            Enter();
            face._registry.Leave();
            ChatMetrics.Connections.Add(-1, FaceTag);
        }
    }
}

/// <summary>What every client of this face works with.</summary>
/// <param name="QueueLimit">Bytes that may wait for a live reader.</param>
internal sealed record SocketIoServices(FaceServices Common, ReadModel ReadModel, int QueueLimit, ILogger Logger);
