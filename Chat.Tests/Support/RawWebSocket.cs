using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Chat.Tests.Support;

/// <summary>A WebSocket by hand (RFC 6455), for what no client library shows: pings, and a peer that keeps silent.</summary>
internal sealed class RawWebSocket : IDisposable
{
    public const int TextFrame = 1;
    public const int CloseFrame = 8;
    public const int PingFrame = 9;
    public const int PongFrame = 10;

    private readonly TcpClient _tcp = new();
    private NetworkStream _stream = null!;

    public static async Task<RawWebSocket> ConnectAsync(TestServer server, string session, string query)
    {
        var client = new RawWebSocket();
        await client._tcp.ConnectAsync(server.Address.Host, server.Address.Port);
        client._stream = client._tcp.GetStream();
        await client._stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET /ws/{session}{query} HTTP/1.1\r\nHost: {server.Address.Authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
        var head = new StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            head.Append((char)(await client.ReadAsync(1))[0]);
        }
        Assert.StartsWith("HTTP/1.1 101", head.ToString());
        return client;
    }

    /// <summary>The next frame, whatever it is; null at the end of the stream.</summary>
    public async Task<(int Opcode, byte[] Payload)?> ReadFrameAsync()
    {
        try
        {
            var head = await ReadAsync(2);
            Assert.Equal(0x80, head[0] & 0xf0);
            var length = head[1] switch
            {
                126 => BinaryPrimitives.ReadUInt16BigEndian(await ReadAsync(2)),
                127 => (int)BinaryPrimitives.ReadUInt64BigEndian(await ReadAsync(8)),
                var few => few,
            };
            return (head[0] & 0x0f, await ReadAsync(length));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Frames are read and dropped up to the first of this kind.</summary>
    public async Task<byte[]> ExpectAsync(int opcode)
    {
        while (await ReadFrameAsync() is { } frame)
        {
            if (frame.Opcode == opcode)
            {
                return frame.Payload;
            }
        }
        throw new InvalidOperationException($"The stream ended without a frame of opcode {opcode}");
    }

    /// <summary>The code of the close frame; 1006 where the stream ends without one.</summary>
    public async Task<int> ClosedAsync()
    {
        while (await ReadFrameAsync() is { } frame)
        {
            if (frame.Opcode == CloseFrame)
            {
                return BinaryPrimitives.ReadUInt16BigEndian(frame.Payload);
            }
        }
        return 1006;
    }

    public async Task SendAsync(int opcode, byte[] payload)
    {
        Assert.True(payload.Length < 126);
        // Masked with zeros: the payload stays as it is.
        await _stream.WriteAsync((byte[])[(byte)(0x80 | opcode), (byte)(0x80 | payload.Length), 0, 0, 0, 0, .. payload]);
    }

    public void Dispose() => _tcp.Dispose();

    private async Task<byte[]> ReadAsync(int count)
    {
        var bytes = new byte[count];
        using var timeout = new CancellationTokenSource(NativeClient.Timeout);
        try
        {
            await _stream.ReadExactlyAsync(bytes, timeout.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException("Nothing came");
        }
        return bytes;
    }
}
