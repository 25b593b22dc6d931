using System.Buffers.Binary;

namespace Chat.Bench.Clients;

/// <summary>A frame that lies whole in a buffer; its payload is good as long as the buffer stays.</summary>
internal readonly ref struct ReceivedFrame
{
    public const int Continuation = 0, Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10;

    public required int Opcode { get; init; }
    public required bool IsLast { get; init; }
    public required ReadOnlySpan<byte> Payload { get; init; }

    /// <summary>With its header.</summary>
    public required int Length { get; init; }
}

/// <summary>Finds frames as servers send them, unmasked (RFC 6455 §5.2), in what a socket has read.</summary>
internal static class FrameReader
{
    /// <summary>No face sends such; a buffer of this size is taken for one.</summary>
    private const ulong LargestFrame = 1 << 28;

    /// <param name="needed">Where the frame is not whole: the bytes that it has, as far as its header tells, else 0.</param>
    /// <exception cref="InvalidDataException">No frame of a server.</exception>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out ReceivedFrame frame, out int needed)
    {
        frame = default;
        needed = 0;
        if (bytes.Length < 2)
        {
            return false;
        }
        if ((bytes[0] & 0x70) != 0 || (bytes[1] & 0x80) != 0)
        {
            throw new InvalidDataException("The server sent what is no frame of a server");
        }
        var (header, length) = (2, (ulong)bytes[1]);
        if (length == 126)
        {
            if (bytes.Length < 4)
            {
                return false;
            }
            (header, length) = (4, BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]));
        }
        else if (length == 127)
        {
            if (bytes.Length < 10)
            {
                return false;
            }
            (header, length) = (10, BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]));
        }
        if (length > LargestFrame)
        {
            throw new InvalidDataException($"The server sent a frame of {length} bytes");
        }
        var whole = header + (int)length;
        if (bytes.Length < whole)
        {
            needed = whole;
            return false;
        }
        frame = new ReceivedFrame
        {
            Opcode = bytes[0] & 0x0f,
            IsLast = (bytes[0] & 0x80) != 0,
            Payload = bytes[header..whole],
            Length = whole,
        };
        return true;
    }
}
