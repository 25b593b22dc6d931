using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Chat.Protocol;
using Sent = Chat.Actors.Sessions.SentOnceWindow.Sent;

namespace Chat.Actors.Sessions;

/// <summary>
/// Sends, each some hundred bytes in a row of blocks, and found by where they begin. As a comparer it takes those for equal that have the same author and client id.
/// What is written is never written over.
/// </summary>
internal sealed class SendRecords : IEqualityComparer<long>, IAlternateEqualityComparer<(string Author, string ClientId), long>
{
    /// <summary>A place is a block's number, and in so many bits the offset in it.</summary>
    private const int OffsetBits = 14;

    private const int SmallestBlock = 512;
    private const int LargestBlock = 1 << OffsetBits;
    private const int NoText = -1;

    private readonly List<byte[]> _blocks = [];

    /// <summary>Number of the first block that is kept.</summary>
    private long _first;

    /// <summary>Of the last block.</summary>
    private int _used;

    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private readonly record struct Head(long Seq, long AtTicks, int Hash, int Author, int ClientId, int MessageId, int RunId)
    {
        public static readonly int Size = Unsafe.SizeOf<Head>();

        public int TextSize => Author + ClientId + MessageId + Math.Max(0, RunId);
    }

    /// <returns>Its place: greater than those before it.</returns>
    public long Add(Sent sent)
    {
        var head = new Head(
            sent.Seq, sent.At.UtcTicks, GetHashCode((sent.Author, sent.ClientId)), SizeOf(sent.Author), SizeOf(sent.ClientId), SizeOf(sent.MessageId.Value),
            sent.RunId is { } run ? SizeOf(run.Value) : NoText);
        var size = Head.Size + head.TextSize;
        if (_blocks.Count == 0 || _used + size > _blocks[^1].Length)
        {
            // As much as there is already: most sessions have few.
            var held = _blocks.Sum(block => block.Length);
            _blocks.Add(new byte[Math.Max(size, Math.Clamp(held, SmallestBlock, LargestBlock))]);
            _used = 0;
        }
        var place = (_first + _blocks.Count - 1 << OffsetBits) + _used;
        var target = _blocks[^1].AsSpan(_used, size);
        MemoryMarshal.Write(target, head);
        target = target[Head.Size..];
        foreach (var text in (ReadOnlySpan<string?>)[sent.Author, sent.ClientId, sent.MessageId.Value, sent.RunId?.Value])
        {
            target = target[Encoding.UTF8.GetBytes(text, target)..];
        }
        _used += size;
        return place;
    }

    public Sent Read(long place) => Read(BytesAt(place));

    /// <returns>Read as they are asked for, also when they have been dropped meanwhile.</returns>
    public IEnumerable<Sent> Read(long[] places) => Read(places, [.. _blocks], _first);

    public DateTimeOffset TimeOf(long place) => TimeOf(HeadAt(place));

    /// <summary>Lets go of the blocks that lie wholly before the place.</summary>
    public void DropBefore(long place)
    {
        var unused = (int)((place >> OffsetBits) - _first);
        _blocks.RemoveRange(0, unused);
        _first += unused;
    }

    public bool Equals(long place, long other) => KeyAt(place).SequenceEqual(KeyAt(other)) && HeadAt(place).Author == HeadAt(other).Author;

    public int GetHashCode(long place) => HeadAt(place).Hash;

    public bool Equals((string Author, string ClientId) alternate, long other) => Read(other) is var sent && (sent.Author, sent.ClientId) == alternate;

    /// <summary>Not to be foreseen by who chooses the ids.</summary>
    public int GetHashCode((string Author, string ClientId) alternate) => alternate.GetHashCode();

    public long Create((string Author, string ClientId) alternate) => throw new NotSupportedException("A client id is no send");

    private static IEnumerable<Sent> Read(long[] places, byte[][] blocks, long first)
    {
        foreach (var place in places)
        {
            yield return Read(BytesAt(place, blocks, first));
        }
    }

    private static Sent Read(ReadOnlySpan<byte> bytes)
    {
        var head = MemoryMarshal.Read<Head>(bytes);
        bytes = bytes[Head.Size..];
        var author = Take(ref bytes, head.Author);
        var clientId = Take(ref bytes, head.ClientId);
        var messageId = new MessageId(Take(ref bytes, head.MessageId));
        return new Sent(author, clientId, messageId, head.RunId == NoText ? null : new MessageId(Take(ref bytes, head.RunId)), head.Seq, TimeOf(head));
    }

    private static string Take(ref ReadOnlySpan<byte> bytes, int count)
    {
        var text = Encoding.UTF8.GetString(bytes[..count]);
        bytes = bytes[count..];
        return text;
    }

    private static DateTimeOffset TimeOf(Head head) => new(head.AtTicks, TimeSpan.Zero);

    /// <summary>A log that others have written may have null where this server writes an id.</summary>
    private static int SizeOf(string? text) => Encoding.UTF8.GetByteCount(text.AsSpan());

    private static ReadOnlySpan<byte> BytesAt(long place, IReadOnlyList<byte[]> blocks, long first) =>
        blocks[(int)((place >> OffsetBits) - first)].AsSpan((int)(place & (LargestBlock - 1)));

    private ReadOnlySpan<byte> BytesAt(long place) => BytesAt(place, _blocks, _first);

    private Head HeadAt(long place) => MemoryMarshal.Read<Head>(BytesAt(place));

    private ReadOnlySpan<byte> KeyAt(long place)
    {
        var head = HeadAt(place);
        return BytesAt(place).Slice(Head.Size, head.Author + head.ClientId);
    }
}
