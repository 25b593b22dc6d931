using System.Buffers;
using System.Buffers.Binary;
using System.Net.WebSockets;
using Chat.Host.Connections;

namespace Chat.Host.SocketIo.Engine;

/// <summary>Packets as WebSocket messages, in one write where that is possible.</summary>
internal static class PacketWriter
{
    /// <summary>FIN and opcode 2; 2 bytes and a 64-bit length at most (RFC 6455 §5.2).</summary>
    private const byte BinaryFrame = 0x82;
    private const int MaxHeader = 10;

    /// <summary>Finished frames go onto the stream as they are, one alone without a copy.</summary>
    /// <param name="stream">Null where the socket has none under it: then each packet goes the ordinary way.</param>
    public static async ValueTask WriteAsync(WebSocket socket, GatedStream? stream, List<EnginePacket> packets, CancellationToken cancellation)
    {
        if (stream is null)
        {
            foreach (var packet in packets)
            {
                var kind = packet.Text is null ? WebSocketMessageType.Binary : WebSocketMessageType.Text;
                await socket.SendAsync(packet.Payload, kind, WebSocketMessageFlags.EndOfMessage, cancellation);
            }
            return;
        }
        if (packets is [{ Text: { } single }])
        {
            await stream.WriteAsync(single.Bytes, cancellation);
            return;
        }
        var capacity = 0;
        foreach (var packet in packets)
        {
            capacity += packet.Text?.Length ?? packet.Binary.Length + MaxHeader;
        }
        var buffer = ArrayPool<byte>.Shared.Rent(capacity);
        try
        {
            var length = 0;
            foreach (var packet in packets)
            {
                length += packet.Text is null ? WriteBinary(packet.Binary.Span, buffer.AsSpan(length)) : Copy(packet.Text.Bytes, buffer.AsMemory(length));
            }
            await stream.WriteAsync(buffer.AsMemory(0, length), cancellation);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static int Copy(ReadOnlyMemory<byte> bytes, Memory<byte> to)
    {
        bytes.CopyTo(to);
        return bytes.Length;
    }

    private static int WriteBinary(ReadOnlySpan<byte> payload, Span<byte> to)
    {
        var header = 2;
        to[0] = BinaryFrame;
        if (payload.Length < 126)
        {
            to[1] = (byte)payload.Length;
        }
        else if (payload.Length <= ushort.MaxValue)
        {
            to[1] = 126;
            BinaryPrimitives.WriteUInt16BigEndian(to[2..], (ushort)payload.Length);
            header = 4;
        }
        else
        {
            to[1] = 127;
            BinaryPrimitives.WriteUInt64BigEndian(to[2..], (ulong)payload.Length);
            header = 10;
        }
        payload.CopyTo(to[header..]);
        return header + payload.Length;
    }
}
