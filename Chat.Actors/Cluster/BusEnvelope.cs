using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Chat.Actors.Cluster;

/// <summary>
/// A message as it goes through Redis: under a MAC of the cluster's key, since whoever can write to Redis must not be able to speak as a node, let alone as a
/// user. Layout: MAC (16 bytes) over topic and the rest, number (8), length and name of the sender, message. The number is the time in ticks, one more than the
/// sender's last one at least.
/// </summary>
internal sealed class BusEnvelope(byte[] key, string node, TimeProvider time)
{
    private const int MacLength = 16;
    private const int NumberLength = 8;

    /// <summary>Older ones are dropped, so that what was overheard cannot be sent again later; clocks of nodes may differ by as much.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(1);

    private readonly byte[] _node = Encoding.UTF8.GetBytes(node) is { Length: <= byte.MaxValue } name
        ? name
        : throw new ArgumentException("A node's name has at most 255 bytes", nameof(node));

    private long _last;

    public byte[] Seal(string topic, ReadOnlySpan<byte> message)
    {
        var sealedBytes = new byte[MacLength + NumberLength + 1 + _node.Length + message.Length];
        var body = sealedBytes.AsSpan(MacLength);
        BinaryPrimitives.WriteInt64BigEndian(body, NextNumber());
        body[NumberLength] = (byte)_node.Length;
        _node.CopyTo(body[(NumberLength + 1)..]);
        message.CopyTo(body[(NumberLength + 1 + _node.Length)..]);
        Mac(topic, body, sealedBytes);
        return sealedBytes;
    }

    /// <summary>False for what is forged, stale or this node's own.</summary>
    public bool TryOpen(string topic, ReadOnlyMemory<byte> sealedBytes, out BusMessage message)
    {
        message = default;
        if (sealedBytes.Length < MacLength + NumberLength + 1)
        {
            return false;
        }
        var body = sealedBytes[MacLength..];
        Span<byte> mac = stackalloc byte[MacLength];
        Mac(topic, body.Span, mac);
        if (!CryptographicOperations.FixedTimeEquals(mac, sealedBytes.Span[..MacLength]))
        {
            return false;
        }
        var number = BinaryPrimitives.ReadInt64BigEndian(body.Span);
        var start = NumberLength + 1 + body.Span[NumberLength];
        if (Math.Abs(time.GetUtcNow().UtcTicks - number) > MaxAge.Ticks || start > body.Length || body.Span[(NumberLength + 1)..start].SequenceEqual(_node))
        {
            return false;
        }
        message = new BusMessage(Encoding.UTF8.GetString(body.Span[(NumberLength + 1)..start]), number, body[start..]);
        return true;
    }

    private long NextNumber()
    {
        while (true)
        {
            var last = Volatile.Read(ref _last);
            var next = Math.Max(last + 1, time.GetUtcNow().UtcTicks);
            if (Interlocked.CompareExchange(ref _last, next, last) == last)
            {
                return next;
            }
        }
    }

    private void Mac(string topic, ReadOnlySpan<byte> body, Span<byte> mac)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        Span<byte> length = stackalloc byte[4];
        var topicBytes = Encoding.UTF8.GetBytes(topic);
        BinaryPrimitives.WriteInt32BigEndian(length, topicBytes.Length);
        hash.AppendData(length);
        hash.AppendData(topicBytes);
        hash.AppendData(body);
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        hash.GetHashAndReset(whole);
        whole[..MacLength].CopyTo(mac);
    }
}

/// <param name="Number">Rises with each message of the node.</param>
internal readonly record struct BusMessage(string Node, long Number, ReadOnlyMemory<byte> Content);
