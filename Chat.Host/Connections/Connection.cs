using System.Buffers;
using System.Diagnostics;
using System.Net.WebSockets;
using Chat.Actors.Delivery;
using Chat.Actors.Runtime;
using Chat.Host.Configuration;
using Chat.Protocol;
using WebSocketOptions = Chat.Host.Configuration.WebSocketOptions;

namespace Chat.Host.Connections;

/// <summary>
/// One live socket: a reader task, a writer task that drains the subscriber's queue into as few writes as it can, the heartbeat and the limits.
/// </summary>
internal sealed partial class Connection : IAsyncDisposable
{
    private static readonly byte[] Ping = [0x89, 0x00];
    /// <summary>Most writes take far less.</summary>
    private static readonly TimeSpan QuickWrite = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);

    private readonly WebSocket _socket;
    private readonly GatedStream? _stream;
    private readonly Subscriber _subscriber;
    private readonly WebSocketOptions _options;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _abort;
    private readonly ITimer _heartbeat;
    private readonly ActivityContext _opened = Activity.Current?.Context ?? default;
    private bool _isLost;

    /// <param name="stream">The gated stream under the socket; null where there is none (HTTP/2), then frames go the ordinary way.</param>
    public Connection(
        WebSocket socket, GatedStream? stream, Subscriber subscriber, WebSocketOptions options, TimeProvider time, ILogger logger, CancellationToken aborted)
    {
        _socket = socket;
        _stream = stream;
        _subscriber = subscriber;
        _options = options;
        _logger = logger;
        _abort = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        var period = TimeSpan.FromTicks(Math.Min(options.HeartbeatInterval.Ticks, options.ConnectionTimeout.Ticks / 2));
        _heartbeat = time.CreateTimer(static state => ((Connection)state!).Beat(), this, period, period);
    }

    /// <summary>Closes after what is queued has been written.</summary>
    public void Close(int code, string reason) => _subscriber.Close(code, reason);

    /// <summary>Runs until the socket has ended, on whichever side; no exception of the network leaves it.</summary>
    public async Task RunAsync(IFaceConnection face)
    {
        var reading = ReadAsync(face);
        try
        {
            await SubscriberPump.RunAsync(_subscriber, face, WriteAsync, _logger, _abort.Token);
            if (_subscriber.Closing is { } closing && _socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await _socket.CloseOutputAsync((WebSocketCloseStatus)_subscriber.Closing!.Value.Code, _subscriber.Closing.Value.Reason, _abort.Token);
            }
        }
        catch (Exception e) when (IsOfNetwork(e))
        {
            _abort.Cancel();
        }
        // The peer answers the close frame, or it has gone.
        _abort.CancelAfter(CloseTimeout);
        await reading;
    }

    public async ValueTask DisposeAsync()
    {
        await _heartbeat.DisposeAsync();
        _abort.Dispose();
        _socket.Dispose();
    }

    private async Task ReadAsync(IFaceConnection face)
    {
        // Frames are traces of their own.
        Activity.Current = null;
        try
        {
            while (await ReadFrameAsync(face))
            {
                // One who does not read its answers is not asked for more.
                await _subscriber.WhenRoomAsync(_abort.Token);
            }
        }
        catch (Exception e) when (IsOfNetwork(e))
        {
            // The peer has gone, the ordinary end of a socket; or it broke the protocol, and the framework has told it so in a close frame.
            Close(CloseCode.Normal, "");
            await DrainAsync();
        }
        catch (Exception e)
        {
            LogFault(_logger, e);
            Close(CloseCode.ServerFault, "The server failed");
        }
        finally
        {
            Close(CloseCode.Normal, "");
        }
    }

    /// <summary>False when the peer has closed.</summary>
    private async ValueTask<bool> ReadFrameAsync(IFaceConnection face)
    {
        // Waits without a buffer: an idle socket costs no memory for what may never come.
        var result = await _socket.ReceiveAsync(Memory<byte>.Empty, _abort.Token);
        if (result.MessageType == WebSocketMessageType.Close)
        {
            return false;
        }
        if (result.EndOfMessage)
        {
            // An empty frame ends with its header.
            await DeliverAsync(face, default);
            return true;
        }
        var limit = _options.MessageSizeLimit;
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Min(4096, limit + 1));
        try
        {
            var length = 0;
            do
            {
                if (length > limit)
                {
                    Close(CloseCode.TooLarge, $"A frame has at most {limit} bytes");
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
                Close(CloseCode.TooLarge, $"A frame has at most {limit} bytes");
            }
            await DeliverAsync(face, buffer.AsMemory(0, length));
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
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

    private async ValueTask DeliverAsync(IFaceConnection face, ReadOnlyMemory<byte> frame)
    {
        if (_subscriber.Closing is null)
        {
            using var span = ChatActivity.StartFrame(_opened);
            await face.ReceiveAsync(frame, _abort.Token);
        }
    }

    private async ValueTask WriteAsync(List<Frame> frames)
    {
        if (_stream is null)
        {
            foreach (var frame in frames)
            {
                await _socket.SendAsync(frame.Payload, WebSocketMessageType.Text, WebSocketMessageFlags.EndOfMessage, _abort.Token);
            }
        }
        else
        {
            for (var first = 0; first < frames.Count;)
            {
                first += await WriteAsync(_stream, frames, first);
            }
        }
    }

    /// <summary>
    /// One write of about <see cref="SubscriberPump.WriteSize"/>, one frame at least. A whole page in one write would count as one that takes too long on a line
    /// that is merely slow. Returns the frames written.
    /// </summary>
    private async ValueTask<int> WriteAsync(GatedStream stream, List<Frame> frames, int first)
    {
        var (end, length) = (first + 1, frames[first].Length);
        while (end < frames.Count && length + frames[end].Length <= SubscriberPump.WriteSize)
        {
            length += frames[end++].Length;
        }
        if (end == first + 1)
        {
            await stream.WriteAsync(frames[first].Bytes, _abort.Token);
            return 1;
        }
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var written = 0;
            for (var i = first; i < end; i++)
            {
                frames[i].Bytes.CopyTo(buffer.AsMemory(written));
                written += frames[i].Length;
            }
            await stream.WriteAsync(buffer.AsMemory(0, length), _abort.Token);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        return end - first;
    }

    private void Beat()
    {
        if (_stream is null)
        {
            return;
        }
        if (_stream.Writing > _options.WriteTimeout)
        {
            ChatMetrics.SlowReaderCloses.Add(1);
            // It has not taken a byte for so long: a close frame would not reach it either.
            Abort();
        }
        else if (_stream.SinceRead > _options.ConnectionTimeout)
        {
            // Once: a beat shorter than the time-out would put the end off for ever.
            if (!_isLost)
            {
                _isLost = true;
                Close(CloseCode.Overloaded, "No sign of life");
                _abort.CancelAfter(CloseTimeout);
            }
        }
        else
        {
            _ = PingAsync();
        }
    }

    private async Task PingAsync()
    {
        try
        {
            // Behind a write that stands still it would only wait too.
            if (!(_stream!.Writing > QuickWrite))
            {
                await _stream.WriteAsync(Ping, _abort.Token);
            }
        }
        catch (Exception e) when (IsOfNetwork(e))
        {
            Abort();
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
            // The socket ended while the timer fired.
        }
    }

    private static bool IsOfNetwork(Exception e) =>
        e is OperationCanceledException or WebSocketException or IOException or ObjectDisposedException or InvalidOperationException { Source: "System.Net.WebSockets" };

    [LoggerMessage(201, LogLevel.Error, "A connection failed")]
    private static partial void LogFault(ILogger logger, Exception fault);
}
