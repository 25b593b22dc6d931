using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Chat.Actors.Delivery;
using Chat.Protocol;

namespace Chat.Actors.Cluster;

/// <summary>
/// Brings durable events to the readers on other nodes. A batch is a row of events, each: seq and previous seq (8 bytes each), length (2) and text of the
/// manifest, length (4) and bytes of the payload.
/// </summary>
public sealed class SessionRelay(INodeBus bus, SessionHubs hubs, EventCodec codec, Action<SessionId, IReadOnlyList<EncodedEvent>> taken)
{
    /// <summary>From this node's sessions to the others' readers.</summary>
    public void Publish(SessionId session, IReadOnlyList<EncodedEvent> batch) => bus.Publish(TopicOf(session), Encode(batch, codec));

    /// <summary>For <see cref="SessionHubs.Connect"/>.</summary>
    public IDisposable Connect(SessionHub hub) => bus.Subscribe(TopicOf(hub.Session), message =>
    {
        if (Decode(message.Span, codec) is { Count: > 0 } batch)
        {
            hubs.Publish(hub.Session, batch);
            taken(hub.Session, batch);
        }
    });

    internal static byte[] Encode(IReadOnlyList<EncodedEvent> batch, EventCodec codec)
    {
        var bytes = new ArrayBufferWriter<byte>(256 * batch.Count);
        foreach (var e in batch)
        {
            if (!codec.CanWrite(e.Event))
            {
                // A node that does not know it has come since it was stored; those that do page it.
                break;
            }
            var (manifest, payload) = codec.Encode(e.Event);
            var head = bytes.GetSpan(22 + manifest.Length);
            BinaryPrimitives.WriteInt64BigEndian(head, e.Seq);
            BinaryPrimitives.WriteInt64BigEndian(head[8..], e.Previous);
            BinaryPrimitives.WriteUInt16BigEndian(head[16..], (ushort)manifest.Length);
            Encoding.ASCII.GetBytes(manifest, head[18..]);
            BinaryPrimitives.WriteInt32BigEndian(head[(18 + manifest.Length)..], payload.Length);
            bytes.Advance(22 + manifest.Length);
            bytes.Write(payload);
        }
        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>The events up to the first that this version cannot read; readers page what comes after it from the journal.</summary>
    internal static IReadOnlyList<EncodedEvent> Decode(ReadOnlySpan<byte> bytes, EventCodec codec)
    {
        var batch = new List<EncodedEvent>();
        try
        {
            while (!bytes.IsEmpty)
            {
                var (seq, previous) = (BinaryPrimitives.ReadInt64BigEndian(bytes), BinaryPrimitives.ReadInt64BigEndian(bytes[8..]));
                var manifest = Encoding.ASCII.GetString(bytes.Slice(18, BinaryPrimitives.ReadUInt16BigEndian(bytes[16..])));
                bytes = bytes[(18 + manifest.Length)..];
                var payload = bytes.Slice(4, BinaryPrimitives.ReadInt32BigEndian(bytes));
                batch.Add(new EncodedEvent(seq, previous, codec.Decode(manifest, payload)));
                bytes = bytes[(4 + payload.Length)..];
            }
        }
        catch (Exception e) when (e is EventFormatException or ArgumentOutOfRangeException)
        {
            // A newer version's, or cut short.
        }
        return batch;
    }

    private static string TopicOf(SessionId session) => "session:" + session.Value;
}
