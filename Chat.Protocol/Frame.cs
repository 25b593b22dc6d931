using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;

namespace Chat.Protocol;

/// <summary>
/// Finished bytes of a face: a WebSocket text frame of a server (RFC 6455 §5.2: FIN, unmasked), or a block of another transport. Immutable: many
/// readers share them.
/// </summary>
public sealed class Frame
{
    /// <summary>2 bytes and a 64-bit length.</summary>
    private const int MaxHeader = 10;

    private readonly byte[] _bytes;
    private readonly int _payloadStart;

    private Frame(byte[] bytes, int payloadStart)
    {
        _bytes = bytes;
        _payloadStart = payloadStart;
    }

    /// <summary>Header and payload.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>The payload alone, for transports with another framing.</summary>
    public ReadOnlyMemory<byte> Payload => _bytes.AsMemory(_payloadStart);

    public int Length => _bytes.Length;

    /// <summary>Nothing follows on this stream: its reader is done.</summary>
    public bool IsLast { get; private init; }

    /// <summary>Bytes of a transport that has no frames of its own.</summary>
    public static Frame Raw(ReadOnlySpan<byte> bytes, bool isLast = false) => new(bytes.ToArray(), 0) { IsLast = isLast };

    public static Frame Text(ReadOnlySpan<byte> payload)
    {
        Span<byte> header = stackalloc byte[MaxHeader];
        header[0] = 0x81;
        int length;
        if (payload.Length < 126)
        {
            header[1] = (byte)payload.Length;
            length = 2;
        }
        else if (payload.Length <= ushort.MaxValue)
        {
            header[1] = 126;
            BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)payload.Length);
            length = 4;
        }
        else
        {
            header[1] = 127;
            BinaryPrimitives.WriteUInt64BigEndian(header[2..], (ulong)payload.Length);
            length = 10;
        }
        var bytes = new byte[length + payload.Length];
        header[..length].CopyTo(bytes);
        payload.CopyTo(bytes.AsSpan(length));
        return new Frame(bytes, length);
    }
}
