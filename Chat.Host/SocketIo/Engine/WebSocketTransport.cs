using System.Buffers;
using System.Diagnostics;
using System.Net.WebSockets;
using Chat.Host.Connections;
using Chat.Protocol;
using Microsoft.AspNetCore.Http;

namespace Chat.Host.SocketIo.Engine;

/// <summary>The WebSocket of one session: each packet is one message of it.</summary>
internal sealed class WebSocketTransport : IDisposable
{
    /// <summary>Packets that wait are gathered into writes of about this size: more saves no system call worth having.</summary>
    private const int WriteSize = 64 * 1024;

    /// <summary>Places for packets that an idle socket keeps: 24 bytes each.</summary>
    private const int KeptCapacity = 16;

    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);

    private readonly EngineSession _session;
    private readonly EngineOptions _options;
    private readonly CancellationTokenSource _abort;
    private readonly CancellationTokenRegistration _aborted;
    private WebSocket _socket = null!;

    /// <summary>Null where the socket has none under it (HTTP/2): then packets go the ordinary way.</summary>
    private GatedStream? _stream;

    public WebSocketTransport(EngineSession session, EngineOptions options, TimeProvider time, CancellationToken aborted)
    {
        _session = session;
        _options = options;
        _abort = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _aborted = aborted.UnsafeRegister(static state => ((WebSocketTransport)state!).Abort(), this);
    }

    /// <summary>Takes the handshake; the session's heartbeat is the only one.</summary>
    public static Task<WebSocket> AcceptAsync(HttpContext context) =>
        context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { KeepAliveInterval = Timeout.InfiniteTimeSpan });

    /// <summary>To be called once, before anything else.</summary>
    public void Open(WebSocket socket, GatedStream? stream)
    {
        _stream = stream;
        Volatile.Write(ref _socket, socket);
    }

    /// <summary>Runs until the socket has ended, on whichever side, and the session with it; no exception of the network leaves it.</summary>
    public async Task RunAsync()
    {
        var reading = ReadAsync();
        try
        {
            await WriteAsync();
            await CloseOutputAsync(_session.Ended!);
        }
        catch (Exception e) when (IsOfNetwork(e))
        {
            _session.End(EngineEnd.Lost);
            Abort();
        }
        // The peer answers the close frame, or it has gone.
        AbortIn(CloseTimeout);
        await reading;
    }

    /// <summary>Asks for the session's place and takes it when the client says so. False when the socket has ended without.</summary>
    public async Task<bool> UpgradeAsync()
    {
        AbortIn(_options.UpgradeTimeout);
        try
        {
            // It may have ended between the handshake and here.
            if (_session.IsOpen && await IsNextAsync(static packet => packet.SequenceEqual("2probe"u8)))
            {
                _session.BeginProbe();
                await _socket.SendAsync(EnginePacket.ProbeAnswer.Payload, WebSocketMessageType.Text, endOfMessage: true, _abort.Token);
                if (await IsNextAsync(static packet => packet.SequenceEqual("5"u8)) && _session.TryUpgrade())
                {
                    AbortIn(Timeout.InfiniteTimeSpan);
                    return true;
                }
            }
            AbortIn(CloseTimeout);
            await CloseOutputAsync(_session.Ended ?? EngineEnd.Malformed);
            await AwaitCloseAsync();
        }
        catch (Exception e) when (IsOfNetwork(e))
        {
            // Only the socket has gone: the session goes on by polling.
        }
        return false;
    }

    /// <summary>Closes a socket for which the session has no place.</summary>
    public async Task RefuseAsync()
    {
        try
        {
            AbortIn(CloseTimeout);
            await CloseOutputAsync(EngineEnd.Malformed);
            await AwaitCloseAsync();
        }
        catch (Exception e) when (IsOfNetwork(e))
        {
            // Gone before it was told.
        }
    }

    /// <summary>The session has ended: the socket gets a while to take what is left. Called under the session's lock.</summary>
    /// <param name="isUpgrading">Nobody writes to it, so nobody would close it.</param>
    public void OnEnded(EngineEnd end, bool isUpgrading)
    {
        AbortIn(CloseTimeout);
        if (isUpgrading)
        {
            _ = Task.Run(async () =>
            {
                try
                {
                    await CloseOutputAsync(end);
                }
                catch (Exception e) when (IsOfNetwork(e))
                {
                    Abort();
                }
            });
        }
    }

    public void Dispose()
    {
        _aborted.Dispose();
        _abort.Dispose();
        _socket?.Dispose();
    }

    private async Task ReadAsync()
    {
        // Messages are traces of their own.
        Activity.Current = null;
        try
        {
            Func<WebSocketMessageType, ReadOnlyMemory<byte>, ValueTask> dispatch = DispatchAsync;
            while (await ReadMessageAsync(dispatch))
            {
            }
            _session.End(EngineEnd.ByClient);
        }
        catch (Exception e) when (IsOfNetwork(e))
        {
            // The peer has gone, or it broke the protocol of WebSockets, and the framework has told it so in a close frame.
            _session.End(EngineEnd.Lost);
            await DrainAsync();
        }
    }

    private async ValueTask DispatchAsync(WebSocketMessageType kind, ReadOnlyMemory<byte> bytes)
    {
        var type = EnginePacketType.Message;
        var message = new EngineMessage(bytes, IsBinary: true);
        if (kind == WebSocketMessageType.Text && !EnginePayload.TryReadText(bytes, out type, out message))
        {
            _session.End(EngineEnd.Malformed);
            return;
        }
        switch (type)
        {
            case EnginePacketType.Message:
                // One who does not read its answers is not asked for more.
                if (await _session.WhenReceivableAsync())
                {
                    await _session.ReceiveAsync(message);
                }
                break;
            case EnginePacketType.Pong:
                _session.ReceivePong();
                break;
            case EnginePacketType.Close:
                _session.End(EngineEnd.ByClient);
                break;
            case EnginePacketType.Noop:
                break;
            default:
                _session.End(EngineEnd.Malformed);
                break;
        }
    }

    private async ValueTask<bool> IsNextAsync(Func<ReadOnlySpan<byte>, bool> isExpected)
    {
        var isFound = false;
        return await ReadMessageAsync((kind, bytes) =>
        {
            isFound = kind == WebSocketMessageType.Text && isExpected(bytes.Span);
            return default;
        }) && isFound;
    }

    /// <summary>One message, whatever the session's state; false when the peer has closed.</summary>
    private async ValueTask<bool> ReadMessageAsync(Func<WebSocketMessageType, ReadOnlyMemory<byte>, ValueTask> use)
    {
        // Waits without a buffer: an idle socket costs no memory for what may never come.
        var result = await _socket.ReceiveAsync(Memory<byte>.Empty, _abort.Token);
        if (result.MessageType == WebSocketMessageType.Close)
        {
            return false;
        }
        if (result.EndOfMessage)
        {
            // An empty message ends with its header.
            await use(result.MessageType, default);
            return true;
        }
        var limit = _options.MaxPayload;
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Min(4096, limit + 1));
        try
        {
            var length = 0;
            do
            {
                if (length > limit)
                {
                    _session.End(new EngineEnd(EngineEndReason.ParseError, CloseCode.TooLarge, $"A message has at most {limit} bytes"));
                    // Read on, or the peer's unread bytes would reset the connection before it sees the close frame.
                    length = 0;
                }
                if (length == buffer.Length)
                {
                    var larger = ArrayPool<byte>.Shared.Rent(Math.Min(buffer.Length * 4, limit + 1));
                    buffer.AsSpan(0, length).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }
                result = await _socket.ReceiveAsync(buffer.AsMemory(length), _abort.Token);
                length += result.Count;
            }
            while (!result.EndOfMessage);
            if (result.MessageType == WebSocketMessageType.Close)
            {
                return false;
            }
            if (length > limit)
            {
                _session.End(new EngineEnd(EngineEndReason.ParseError, CloseCode.TooLarge, $"A message has at most {limit} bytes"));
            }
            if (_session.IsOpen)
            {
                await use(result.MessageType, buffer.AsMemory(0, length));
            }
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask AwaitCloseAsync()
    {
        var buffer = new byte[512];
        while (_socket.State is WebSocketState.CloseSent && (await _socket.ReceiveAsync(buffer.AsMemory(), _abort.Token)).MessageType != WebSocketMessageType.Close)
        {
        }
    }

    /// <summary>Reads until the peer closes: a connection that ends with unread bytes is reset, and the peer may never see the close frame.</summary>
    private async ValueTask DrainAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            while (_stream is not null && await _stream.ReadAsync(buffer, _abort.Token) > 0)
            {
            }
        }
        catch (Exception e) when (IsOfNetwork(e))
        {
            // Gone.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task WriteAsync()
    {
        var packets = new List<EnginePacket>();
        while (true)
        {
            Task? change = null;
            lock (_session.Gate)
            {
                if (!_session.Take(packets, WriteSize))
                {
                    if (!_session.IsOpen)
                    {
                        return;
                    }
                    change = _session.WaitAsync();
                }
            }
            if (change is not null)
            {
                await change;
                continue;
            }
            await PacketWriter.WriteAsync(_socket, _stream, packets, _abort.Token);
            packets.Clear();
            packets.Capacity = Math.Min(packets.Capacity, KeptCapacity);
        }
    }

    private async Task CloseOutputAsync(EngineEnd end)
    {
        if (Volatile.Read(ref _socket) is { State: WebSocketState.Open or WebSocketState.CloseReceived })
        {
            await _socket.CloseOutputAsync((WebSocketCloseStatus)end.Code, end.Text, _abort.Token);
        }
    }

    private void AbortIn(TimeSpan time)
    {
        try
        {
            _abort.CancelAfter(time);
        }
        catch (ObjectDisposedException)
        {
            // The socket ended meanwhile.
        }
    }

    private void Abort()
    {
        try
        {
            _abort.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The socket ended meanwhile.
        }
    }

    private static bool IsOfNetwork(Exception e) =>
        e is OperationCanceledException or WebSocketException or IOException or ObjectDisposedException or InvalidOperationException { Source: "System.Net.WebSockets" };
}
