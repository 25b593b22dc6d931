using System.Net;
using Chat.Protocol;

namespace Chat.Host.SocketIo.Engine;

/// <summary>One Engine.IO session, whichever transport it is on. Any thread may send and close.</summary>
public sealed partial class EngineSession
{
    private readonly EngineServer _server;
    private readonly IEngineHandler _handler;
    private readonly Outbox _outbox;
    private readonly Heartbeat _heartbeat;
    private EngineEnd? _ended;
    private WebSocketTransport? _socket;
    private bool _isHandling;
    private bool _isHeld;

    /// <param name="open">The first packet of a session that begins on a WebSocket; null for one that polls, whose handshake is answered with it.</param>
    internal EngineSession(EngineServer server, string id, IPAddress? remoteAddress, object? handshake, Frame? open)
    {
        _server = server;
        Id = id;
        RemoteAddress = remoteAddress;
        Handshake = handshake;
        Polling = open is null ? new PollingTransport(this, server.Options, server.Time) : null;
        IsPolling = open is null;
        _outbox = new Outbox(server.Options.QueueLimit);
        if (open is not null)
        {
            _outbox.Add(new EnginePacket(open));
        }
        // Under the lock, so that a timer which fires at once finds the session whole.
        lock (Gate)
        {
            _heartbeat = new Heartbeat(server.Options, server.Time, static state => ((EngineSession)state!).OnTimer(), this);
            _handler = server.Accept(this);
        }
    }

    /// <summary>24 random base64url characters, and the server's mark. Whoever knows it can speak as this client: it belongs in no log.</summary>
    public string Id { get; }

    /// <summary>Where the handshake came from.</summary>
    public IPAddress? RemoteAddress { get; }

    /// <summary>What <see cref="EngineOptions.Admit"/> kept of the handshake.</summary>
    public object? Handshake { get; }

    /// <summary>False from the moment at which its end is decided.</summary>
    public bool IsOpen => Volatile.Read(ref _ended) is null;

    /// <summary>Guards the session, its outbox, its heartbeat and the state of its transports.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>Null where the session began on a WebSocket.</summary>
    internal PollingTransport? Polling { get; }

    /// <summary>False from the upgrade on.</summary>
    internal bool IsPolling { get; private set; }

    /// <summary>A WebSocket has been opened to take over, and has not done so yet.</summary>
    internal bool IsUpgrading => IsPolling && _socket is not null;

    /// <summary>The WebSocket has asked whether it may take over: polls are sent home.</summary>
    internal bool IsProbed { get; private set; }

    internal EngineEnd? Ended => Volatile.Read(ref _ended);

    /// <summary>
    /// Queues one text packet. Its payload is the whole packet, the type included (<c>4...</c>); thousands of sessions may share the frame: a WebSocket gets
    /// its bytes as they are, a poll its payload. Dropped when the session has ended.
    /// </summary>
    public void Send(Frame packet) => Send(new EnginePacket(packet));

    /// <summary>Queues one binary message. The bytes are kept until they are sent, so they must not change.</summary>
    public void Send(ReadOnlyMemory<byte> binary) => Send(new EnginePacket(null, binary));

    /// <summary>Queues a message of text, well-formed UTF-8 without the type.</summary>
    public void SendText(ReadOnlySpan<byte> text) => Send(EnginePacket.EncodeMessage(text));

    /// <summary>
    /// Completes once the client has read enough that more may be queued, at once where it has; false when the session has ended. For whoever sends in a loop:
    /// ask before each batch.
    /// </summary>
    public ValueTask<bool> WhenWritableAsync(CancellationToken cancellation = default)
    {
        lock (Gate)
        {
            return !IsOpen ? new(false) : _outbox.HasRoom ? new(true) : WaitAsync(_outbox.WaitForRoomAsync());
        }
        async ValueTask<bool> WaitAsync(Task room)
        {
            await room.WaitAsync(cancellation);
            return IsOpen;
        }
    }

    /// <summary>Ends the session after what is queued: a WebSocket is closed with the code and reason, a poll gets a close packet. The first end stays.</summary>
    public void Close(int code, string reason) => End(new EngineEnd(EngineEndReason.ClosedByServer, code, reason));

    /// <summary>Several packets stay together: what others send comes before or after them.</summary>
    internal void Send(params ReadOnlySpan<EnginePacket> packets)
    {
        lock (Gate)
        {
            if (!IsOpen)
            {
                return;
            }
            foreach (var packet in packets)
            {
                _outbox.Add(packet);
            }
            if (_outbox.Bytes <= _server.Options.QueueMaximum)
            {
                return;
            }
            // It would not read a close frame behind all that either.
            End(new EngineEnd(EngineEndReason.TransportError, CloseCode.Overloaded, "Too far behind"));
        }
    }

    internal void End(EngineEnd end)
    {
        var (isFirst, isGone) = (false, false);
        lock (Gate)
        {
            if (IsOpen)
            {
                isFirst = true;
                Volatile.Write(ref _ended, end);
                _outbox.End(isDropped: !end.IsOrderly);
                isGone = _socket is null && !end.IsToldLater;
                // Held in memory for one that may still come and ask: as long as for one that may still answer a ping.
                _heartbeat.EndIn(isGone ? Timeout.InfiniteTimeSpan : _server.Options.PingTimeout);
                _socket?.OnEnded(end, isUpgrading: IsPolling);
                if (!_isHandling)
                {
                    _ = Task.Run(NotifyAsync);
                }
            }
        }
        if (isFirst && isGone)
        {
            Remove();
        }
    }

    /// <summary>The session is unknown from now on, and its place is free.</summary>
    internal void Remove()
    {
        _heartbeat.Stop();
        _server.Remove(this);
    }

    /// <summary>Whether a request may still name this session; one that is over ends here and now.</summary>
    internal bool IsKnown()
    {
        lock (Gate)
        {
            if (IsOpen)
            {
                Beat();
            }
            return Ended is not { } end || (IsPolling && end.IsToldLater);
        }
    }

    /// <summary>For one who is about to receive a message: waits while the client does not read its answers. False when the session has ended.</summary>
    internal async ValueTask<bool> WhenReceivableAsync()
    {
        Task room;
        lock (Gate)
        {
            if (!IsOpen || _outbox.HasRoom)
            {
                return IsOpen;
            }
            _isHeld = true;
            room = _outbox.WaitForRoomAsync();
        }
        await room;
        lock (Gate)
        {
            _isHeld = false;
            return IsOpen;
        }
    }

    /// <summary>Gives the application one message and waits for it. Calls must not overlap.</summary>
    internal async ValueTask ReceiveAsync(EngineMessage message)
    {
        lock (Gate)
        {
            if (!IsOpen)
            {
                return;
            }
            _isHandling = true;
            _heartbeat.OnMessage();
        }
        try
        {
            if (!await _handler.ReceiveAsync(message))
            {
                End(EngineEnd.Malformed);
            }
        }
        catch (Exception e)
        {
            Fail(e);
        }
        finally
        {
            lock (Gate)
            {
                _isHandling = false;
                if (!IsOpen)
                {
                    _ = Task.Run(NotifyAsync);
                }
                else if (_heartbeat.IsOver)
                {
                    _heartbeat.Grant();
                }
            }
        }
    }

    /// <summary>The application has thrown.</summary>
    internal void Fail(Exception fault)
    {
        LogFault(_server.Logger, fault);
        Close(CloseCode.ServerFault, "The server failed");
    }

    internal void ReceivePong()
    {
        lock (Gate)
        {
            if (IsOpen)
            {
                _heartbeat.OnPong();
            }
        }
    }

    /// <summary>For the transport, under the lock.</summary>
    internal bool Take(List<EnginePacket> packets, int maxBytes)
    {
        var any = _outbox.Take(packets, maxBytes);
        if (any && _isHeld && IsOpen)
        {
            // Nothing is read from it, so it cannot answer a ping; but it reads.
            _heartbeat.Grant();
        }
        return any;
    }

    /// <summary>For the transport, under the lock: all that was queued has been taken.</summary>
    internal bool IsDrained => _outbox.IsEmpty;

    /// <summary>For the transport, under the lock: completes at the next change of anything it looks at.</summary>
    internal Task WaitAsync() => _outbox.WaitAsync();

    internal void Wake()
    {
        lock (Gate)
        {
            _outbox.Wake();
        }
    }

    /// <summary>False when the session has a WebSocket already, or has ended.</summary>
    internal bool TryAttach(WebSocketTransport socket)
    {
        lock (Gate)
        {
            if (_socket is not null || !IsOpen)
            {
                return false;
            }
            _socket = socket;
            return true;
        }
    }

    /// <summary>The upgrade came to nothing: the session goes on by polling.</summary>
    internal void Detach()
    {
        bool isGone;
        lock (Gate)
        {
            _socket = null;
            IsProbed = false;
            isGone = Ended is { IsToldLater: false };
            if (Ended is { IsToldLater: true })
            {
                _heartbeat.EndIn(_server.Options.PingTimeout);
            }
            _outbox.Wake();
        }
        if (isGone)
        {
            Remove();
        }
    }

    internal void BeginProbe()
    {
        lock (Gate)
        {
            IsProbed = true;
            _outbox.Wake();
        }
    }

    /// <summary>From here on the WebSocket is the transport. False when the session has ended, or a POST is under way that should have been awaited.</summary>
    internal bool TryUpgrade()
    {
        lock (Gate)
        {
            if (!IsOpen || Polling!.IsPosting)
            {
                return false;
            }
            IsPolling = IsProbed = false;
            _outbox.Wake();
            return true;
        }
    }

    private void OnTimer()
    {
        bool isOver;
        lock (Gate)
        {
            isOver = !IsOpen && _socket is null;
            if (IsOpen)
            {
                Beat();
            }
        }
        if (isOver)
        {
            Remove();
        }
    }

    private void Beat()
    {
        if (_heartbeat.Beat(isHeard: !IsPolling || Polling!.IsPolled))
        {
            _outbox.AddPing();
        }
        if (!_heartbeat.IsOver)
        {
            return;
        }
        if (_isHandling)
        {
            // Its pong may wait behind the message.
            _heartbeat.Grant();
        }
        else
        {
            End(EngineEnd.Silent);
        }
    }

    private async Task NotifyAsync()
    {
        try
        {
            await _handler.EndedAsync(Ended!.Reason);
        }
        catch (Exception e)
        {
            LogFault(_server.Logger, e);
        }
    }

    [LoggerMessage(220, LogLevel.Error, "The application of an Engine.IO session failed")]
    private static partial void LogFault(ILogger logger, Exception fault);
}
