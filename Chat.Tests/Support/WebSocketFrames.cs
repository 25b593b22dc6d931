using System.Buffers.Binary;

namespace Chat.Tests.Support;

/// <summary>Frames of a server as they stand one after the other on the wire (RFC 6455 §5.2: whole, unmasked).</summary>
internal static class WebSocketFrames
{
    public static IReadOnlyList<byte[]> PayloadsOf(ReadOnlyMemory<byte> bytes)
    {
        var payloads = new List<byte[]>();
        for (var rest = bytes.Span; !rest.IsEmpty;)
        {
            Assert.Equal(0x81, rest[0]);
            var (start, length) = rest[1] switch
            {
                127 => (10, (int)BinaryPrimitives.ReadUInt64BigEndian(rest[2..])),
                126 => (4, BinaryPrimitives.ReadUInt16BigEndian(rest[2..])),
                var small => (2, small),
            };
            payloads.Add(rest.Slice(start, length).ToArray());
            rest = rest[(start + length)..];
        }
        return payloads;
    }
}
