using System.Buffers;
using System.Buffers.Text;

namespace Chat.Host.SocketIo.Engine;

/// <summary>The bodies of polling: packets with record separators between them, binary ones as base64 behind a <c>b</c>.</summary>
internal static class EnginePayload
{
    public const byte Separator = 0x1e;
    private const byte BinaryMark = (byte)'b';

    /// <summary>
    /// Takes the first packet off a body of well-formed UTF-8; false where it is none. Base64 is decoded in place. A body that ends in a separator ends in
    /// an empty packet, which is none.
    /// </summary>
    /// <param name="body">Null once its last packet has been taken.</param>
    public static bool TryTake(ref Memory<byte>? body, out EnginePacketType type, out EngineMessage message)
    {
        var rest = body.GetValueOrDefault();
        var end = rest.Span.IndexOf(Separator);
        var packet = end < 0 ? rest : rest[..end];
        body = end < 0 ? default(Memory<byte>?) : rest[(end + 1)..];
        if (packet.Length > 0 && packet.Span[0] == BinaryMark)
        {
            type = EnginePacketType.Message;
            var isBase64 = Base64.DecodeFromUtf8InPlace(packet.Span[1..], out var length) == OperationStatus.Done;
            message = new EngineMessage(isBase64 ? packet.Slice(1, length) : default, IsBinary: true);
            return isBase64;
        }
        return TryReadText(packet, out type, out message);
    }

    /// <summary>One packet of text, as a WebSocket message carries it alone; false where its type is unknown.</summary>
    public static bool TryReadText(ReadOnlyMemory<byte> packet, out EnginePacketType type, out EngineMessage message)
    {
        type = packet.IsEmpty ? default : (EnginePacketType)packet.Span[0];
        var isKnown = type is >= EnginePacketType.Open and <= EnginePacketType.Noop;
        message = new EngineMessage(isKnown ? packet[1..] : default, IsBinary: false);
        return isKnown;
    }

    public static int GetLength(List<EnginePacket> packets)
    {
        var length = packets.Count - 1;
        foreach (var packet in packets)
        {
            length += packet.Text is { } text ? text.Payload.Length : 1 + Base64.GetMaxEncodedToUtf8Length(packet.Binary.Length);
        }
        return length;
    }

    /// <param name="body">Of <see cref="GetLength"/> bytes.</param>
    public static void Write(List<EnginePacket> packets, Span<byte> body)
    {
        for (var i = 0; i < packets.Count; i++)
        {
            if (i > 0)
            {
                body[0] = Separator;
                body = body[1..];
            }
            if (packets[i].Text is { } text)
            {
                text.Payload.Span.CopyTo(body);
                body = body[text.Payload.Length..];
            }
            else
            {
                body[0] = BinaryMark;
                Base64.EncodeToUtf8(packets[i].Binary.Span, body[1..], out _, out var written);
                body = body[(1 + written)..];
            }
        }
    }
}
