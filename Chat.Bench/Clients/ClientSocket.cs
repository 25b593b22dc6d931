using System.Diagnostics;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Chat.Bench.Clients;

/// <summary>What becomes of what a socket receives. Called by one thread at a time.</summary>
internal interface ISocketReader
{
    /// <param name="payload">Of one whole message; good during the call.</param>
    /// <param name="now">When its last bytes were read, as <see cref="Stopwatch.GetTimestamp"/>.</param>
    void Take(ReadOnlySpan<byte> payload, long now);

    /// <summary>Once, when nothing more will come.</summary>
    void Ended(string why);
}

/// <summary>
/// A WebSocket that costs its process next to nothing: many frames to a read, none copied, nothing allocated for one. Completions run on the thread that
/// polls the sockets (see <see cref="EventLoop"/>), so what a reader does must be short.
/// </summary>
internal sealed class ClientSocket : IAsyncDisposable
{
    /// <summary>Small, since there may be thousands that are idle; a read that fills it doubles it.</summary>
    private const int FirstBuffer = 2048;

    /// <summary>Enough for 400 frames to a read; a single larger frame still gets what it needs.</summary>
    private const int LargestBuffer = 128 * 1024;

    private readonly Stream _stream;
    private readonly ISocketReader _reader;
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private byte[] _in = new byte[FirstBuffer];
    private int _start;
    private int _end;
    private byte[]? _parts;
    private SendBuffer _out = new();
    private SendBuffer _sending = new();
    private bool _isSending;
    private bool _isTaking;
    private string? _why;

    private ClientSocket(Stream stream, ISocketReader reader)
    {
        _stream = stream;
        _reader = reader;
    }

    /// <summary>Returns after the handshake; the reader may have been called by then.</summary>
    /// <param name="address">Of the scheme http or https; the path and query are sent as they are.</param>
    /// <param name="entered">Called between the handshake and the first frame.</param>
    /// <exception cref="IOException">Refused, or the line broke.</exception>
    /// <exception cref="SocketException" />
    public static async Task<ClientSocket> ConnectAsync(Uri address, string? token, ISocketReader reader, Action<ClientSocket> entered, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? stream = null;
        try
        {
            await socket.ConnectAsync(address.Host, address.Port, cancellation);
            stream = new NetworkStream(socket, ownsSocket: true);
            if (address.Scheme == Uri.UriSchemeHttps)
            {
                var secure = new SslStream(stream);
                stream = secure;
                await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = address.Host }, cancellation);
            }
            var client = new ClientSocket(stream, reader);
            await client.EnterAsync(address, token, cancellation);
            entered(client);
            _ = client.ReadAsync();
            return client;
        }
        catch
        {
            await (stream?.DisposeAsync() ?? default);
            socket.Dispose();
            throw;
        }
    }

    /// <summary>From any thread; frames leave in the order of the calls, those of one turn of the reader in one write.</summary>
    public void Send(ReadOnlySpan<byte> payload) => Send(ReceivedFrame.Text, payload);

    /// <summary>Tells the server, and waits until it has ended the connection.</summary>
    public async Task CloseAsync(CancellationToken cancellation)
    {
        Send(ReceivedFrame.Close, [0x03, 0xe8]);
        await _ended.Task.WaitAsync(cancellation);
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async Task EnterAsync(Uri address, string? token, CancellationToken cancellation)
    {
        var request = $"GET {address.PathAndQuery} HTTP/1.1\r\nHost: {address.Authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: Y2hhdC1iZW5jaC1jbGllbg==\r\n" + (token is null ? "" : $"Authorization: Bearer {token}\r\n") + "\r\n";
        await _stream.WriteAsync(Encoding.ASCII.GetBytes(request), cancellation);
        int head;
        while ((head = _in.AsSpan(0, _end).IndexOf("\r\n\r\n"u8)) < 0)
        {
            MakeRoom(0);
            var count = await _stream.ReadAsync(_in.AsMemory(_end), cancellation);
            _end += count > 0 ? count : throw new IOException("The server ended the connection in the handshake");
        }
        if (!_in.AsSpan(0, _end).StartsWith("HTTP/1.1 101"u8))
        {
            throw new IOException($"The handshake was refused: {Encoding.ASCII.GetString(_in, 0, _in.AsSpan(0, head + 2).IndexOf("\r\n"u8))}");
        }
        _start = head + 4;
    }

    private async Task ReadAsync()
    {
        try
        {
            for (var needed = TakeFrames(); ; needed = TakeFrames())
            {
                MakeRoom(needed);
                var count = await _stream.ReadAsync(_in.AsMemory(_end));
                if (count == 0)
                {
                    break;
                }
                _end += count;
            }
        }
        catch (Exception e)
        {
            _why ??= e is IOException or ObjectDisposedException or InvalidDataException ? e.Message : $"{e}";
        }
        _reader.Ended(_why ?? "the line broke");
        await _stream.DisposeAsync();
        _ended.TrySetResult();
    }

    /// <returns>Bytes that the frame at the buffer's beginning needs; 0 where that is not known.</returns>
    private int TakeFrames()
    {
        var now = Stopwatch.GetTimestamp();
        int needed;
        _isTaking = true;
        while (FrameReader.TryRead(_in.AsSpan(_start, _end - _start), out var frame, out needed))
        {
            _start += frame.Length;
            Take(frame, now);
        }
        Flush();
        return needed;
    }

    private void Take(in ReceivedFrame frame, long now)
    {
        switch (frame.Opcode)
        {
            case ReceivedFrame.Ping:
                Send(ReceivedFrame.Pong, frame.Payload);
                break;
            case ReceivedFrame.Close:
                _why ??= frame.Payload.Length < 2 ? "closed" : $"closed with {(frame.Payload[0] << 8) | frame.Payload[1]} {Encoding.UTF8.GetString(frame.Payload[2..])}".TrimEnd();
                Send(ReceivedFrame.Close, frame.Payload);
                break;
            case ReceivedFrame.Pong:
                break;
            case var _ when frame.IsLast && _parts is null:
                _reader.Take(frame.Payload, now);
                break;
            default:
                // Rare: a message in several frames is put together.
                _parts = [.. _parts ?? [], .. frame.Payload];
                if (frame.IsLast)
                {
                    _reader.Take(_parts, now);
                    _parts = null;
                }
                break;
        }
    }

    private void MakeRoom(int needed)
    {
        var filled = _end - _start;
        var isFull = _end == _in.Length && _start < _in.Length / 2;
        var size = Math.Max(needed, isFull && _in.Length < LargestBuffer ? _in.Length * 2 : _in.Length);
        if (size > _in.Length)
        {
            var larger = new byte[size];
            _in.AsSpan(_start, filled).CopyTo(larger);
            (_in, _start, _end) = (larger, 0, filled);
        }
        else if (filled == 0)
        {
            _start = _end = 0;
        }
        else if (_in.Length - _end < Math.Max(needed - filled, _in.Length / 4))
        {
            _in.AsSpan(_start, filled).CopyTo(_in);
            (_start, _end) = (0, filled);
        }
    }

    private void Send(int opcode, ReadOnlySpan<byte> payload)
    {
        lock (_gate)
        {
            _out.Add(opcode, payload);
            // What is sent in answer to what is read leaves when all that was read is taken.
            if (_isSending || _isTaking)
            {
                return;
            }
            _isSending = true;
        }
        _ = WriteAsync();
    }

    private void Flush()
    {
        lock (_gate)
        {
            _isTaking = false;
            if (_isSending || _out.Length == 0)
            {
                return;
            }
            _isSending = true;
        }
        _ = WriteAsync();
    }

    private async Task WriteAsync()
    {
        try
        {
            while (true)
            {
                lock (_gate)
                {
                    if (_out.Length == 0)
                    {
                        _isSending = false;
                        return;
                    }
                    (_out, _sending) = (_sending, _out);
                }
                await _stream.WriteAsync(_sending.Written);
                _sending.Clear();
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The reading side is told why, and tells.
        }
    }
}
