using System.Runtime.Serialization;
using System.Text;
using Akka.Actor;
using Akka.Serialization;
using Chat.Protocol;

namespace Chat.Actors.AkkaEngine;

/// <summary>
/// Asks and answers between nodes. <c>ask/1</c>: session, asker, row, place, time in ms, number, span, and the command to the end. <c>answer/1</c>: session, row, number, its trace id or nothing, what follows
/// (0 nothing, 1 a reply, 2 a fault's text), and that to the end. Texts are UTF-8 with their length before them, numbers have 8 bytes, little-endian.
/// </summary>
internal sealed class AskSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    private const string Ask = "ask/1";
    private const string Answer = "answer/1";

    public override int Identifier => 7302;

    public override string Manifest(object o) => o is SessionAsk ? Ask : Answer;

    public override byte[] ToBinary(object obj)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        switch (obj)
        {
            case SessionAsk ask:
                writer.Write(ask.Session.Value);
                writer.Write(ask.Asker);
                writer.Write(ask.Row);
                writer.Write(ask.Place);
                writer.Write(ask.SentAt.ToUnixTimeMilliseconds());
                writer.Write(ask.Number);
                writer.Write(ask.Span);
                writer.Write(CommandCodec.Encode(ask.Command!));
                break;
            case SessionAnswer answer:
                writer.Write(answer.Session.Value);
                writer.Write(answer.Row);
                writer.Write(answer.Number);
                writer.Write(answer.TraceId ?? "");
                writer.Write((byte)(answer.Reply is not null ? 1 : answer.Fault is not null ? 2 : 0));
                writer.Write(answer.Reply is { } reply ? CommandCodec.Encode(reply) : Encoding.UTF8.GetBytes(answer.Fault ?? ""));
                break;
            default:
                throw new ArgumentException($"{obj.GetType()} is no message of this serializer", nameof(obj));
        }
        return bytes.ToArray();
    }

    public override object FromBinary(byte[] bytes, string manifest)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes), Encoding.UTF8);
        try
        {
            var session = new SessionId(reader.ReadString());
            switch (manifest)
            {
                case Ask:
                    var (asker, row, place, sentAt, number, span) = (reader.ReadString(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadString());
                    return new SessionAsk(session, asker, row, place, DateTimeOffset.FromUnixTimeMilliseconds(sentAt), number, span, CommandCodec.DecodeCommand(Rest(reader, bytes)));
                case Answer:
                    var (answered, of, trace, kind) = (reader.ReadInt64(), reader.ReadInt64(), reader.ReadString(), reader.ReadByte());
                    return new SessionAnswer(
                        session, answered, of,
                        // One that only a newer version knows is asked for again, until that answers or the asker gives up.
                        kind == 1 ? CommandCodec.DecodeReply(Rest(reader, bytes)) : null,
                        kind == 2 ? Encoding.UTF8.GetString(Rest(reader, bytes)) : null,
                        trace.Length > 0 ? trace : null);
            }
        }
        catch (Exception e) when (e is IOException or FormatException or ArgumentException)
        {
            throw new SerializationException($"A message of '{manifest}' is cut short or none", e);
        }
        throw new SerializationException($"This version cannot read messages of '{manifest}'");
    }

    private static ReadOnlySpan<byte> Rest(BinaryReader reader, byte[] bytes) => bytes.AsSpan((int)reader.BaseStream.Position);
}
