using System.Buffers.Binary;

namespace Chat.Bench.Clients;

/// <summary>Frames on their way to the server, masked as a client's must be. Its owner's lock guards it.</summary>
internal sealed class SendBuffer
{
    /// <summary>Any key does: masking protects proxies from scripts in browsers, and there are none here.</summary>
    private static ReadOnlySpan<byte> Mask => [0x37, 0xfa, 0x21, 0x3d];

    private byte[] _bytes = new byte[512];

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Length);

    public void Clear() => Length = 0;

    public void Add(int opcode, ReadOnlySpan<byte> payload)
    {
        var header = payload.Length < 126 ? 6 : payload.Length <= ushort.MaxValue ? 8 : 14;
        if (_bytes.Length - Length < header + payload.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + header + payload.Length));
        }
        var target = _bytes.AsSpan(Length);
        target[0] = (byte)(0x80 | opcode);
        switch (header)
        {
            case 6:
                target[1] = (byte)(0x80 | payload.Length);
                break;
            case 8:
                target[1] = 0x80 | 126;
                BinaryPrimitives.WriteUInt16BigEndian(target[2..], (ushort)payload.Length);
                break;
            default:
                target[1] = 0x80 | 127;
                BinaryPrimitives.WriteUInt64BigEndian(target[2..], (ulong)payload.Length);
                break;
        }
        Mask.CopyTo(target[(header - 4)..]);
        for (var i = 0; i < payload.Length; i++)
        {
            target[header + i] = (byte)(payload[i] ^ Mask[i & 3]);
        }
        Length += header + payload.Length;
    }
}
