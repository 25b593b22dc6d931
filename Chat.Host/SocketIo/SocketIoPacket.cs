using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Chat.Host.SocketIo.Engine;
using Chat.Protocol;

namespace Chat.Host.SocketIo;

internal enum SocketIoPacketType
{
    Connect,
    Disconnect,
    Event,
    Ack,
    ConnectError,
    BinaryEvent,
    BinaryAck,
}

/// <summary>What stands before a packet's JSON.</summary>
/// <param name="Attachments">Binary messages that follow.</param>
/// <param name="Id">Of an event that wants to be acknowledged, and of its ack.</param>
internal readonly record struct SocketIoHeader(SocketIoPacketType Type, int Attachments, string Space, long? Id)
{
    public bool IsBinary => Type is SocketIoPacketType.BinaryEvent or SocketIoPacketType.BinaryAck;
}

/// <summary>The packets of Socket.IO as text: <c>type [attachments "-"] [namespace ","] [id] [JSON]</c>.</summary>
public static class SocketIoPacket
{
    internal const string MainSpace = "/";

    /// <summary>Bytes of a namespace's name: far more than any that is made, far less than a client could send.</summary>
    private const int MaxSpace = 256;

    /// <summary>2^53 - 1: beyond it a client of JavaScript could not tell ids apart.</summary>
    private const long MaxId = 9_007_199_254_740_991;

    /// <summary>An event encoded once for every socket of a namespace, as the text of an Engine.IO packet: <c>42["name",...]</c>. No binary.</summary>
    public static Frame EncodeEvent(string space, string name, Action<ArgumentWriter>? arguments = null)
    {
        var writer = ArgumentWriter.Write(name, arguments);
        return writer.Attachments.Count == 0
            ? Encode(new SocketIoHeader(SocketIoPacketType.Event, 0, space, null), writer.Written)
            : throw new ArgumentException("A packet of several frames cannot be shared as one", nameof(arguments));
    }

    internal static Frame Encode(SocketIoHeader header, ReadOnlySpan<byte> json = default)
    {
        var text = new StringBuilder(32).Append((char)EnginePacketType.Message).Append((int)header.Type);
        if (header.IsBinary)
        {
            text.Append(header.Attachments).Append('-');
        }
        if (header.Space != MainSpace)
        {
            text.Append(header.Space).Append(',');
        }
        var head = Encoding.UTF8.GetBytes(text.Append(header.Id).ToString());
        return Frame.Text([.. head, .. json]);
    }

    /// <summary>The packets that carry arguments, with their attachments behind.</summary>
    internal static EnginePacket[] Encode(bool isAck, string space, long? id, ArgumentWriter writer)
    {
        var count = writer.Attachments.Count;
        var type = isAck
            ? count == 0 ? SocketIoPacketType.Ack : SocketIoPacketType.BinaryAck
            : count == 0 ? SocketIoPacketType.Event : SocketIoPacketType.BinaryEvent;
        var text = Encode(new SocketIoHeader(type, count, space, id), writer.Written);
        return [new EnginePacket(text), .. writer.Attachments.Select(bytes => new EnginePacket(null, bytes))];
    }

    internal static Frame EncodeConnected(string space, string id) => EncodeObject(SocketIoPacketType.Connect, space, json => json.WriteString("sid", id));

    internal static Frame EncodeRefused(string space, ConnectRefusal refusal) => EncodeObject(SocketIoPacketType.ConnectError, space, json =>
    {
        json.WriteString("message", refusal.Message);
        if (refusal.Data is { } data)
        {
            json.WritePropertyName("data");
            data(json);
        }
    });

    private static Frame EncodeObject(SocketIoPacketType type, string space, Action<Utf8JsonWriter> properties)
    {
        var bytes = new System.Buffers.ArrayBufferWriter<byte>(64);
        using (var json = new Utf8JsonWriter(bytes, ArgumentWriter.JsonOptions))
        {
            json.WriteStartObject();
            properties(json);
            json.WriteEndObject();
        }
        return Encode(new SocketIoHeader(type, 0, space, null), bytes.WrittenSpan);
    }

    /// <summary>False where the text is none; the JSON, which may be empty, is not looked at.</summary>
    /// <param name="text">Well-formed UTF-8.</param>
    internal static bool TryRead(ReadOnlySpan<byte> text, out SocketIoHeader header, out int jsonStart)
    {
        (header, jsonStart) = (default, 0);
        if (text.IsEmpty || text[0] is < (byte)'0' or > (byte)'6')
        {
            return false;
        }
        header = new SocketIoHeader((SocketIoPacketType)(text[0] - '0'), 0, MainSpace, null);
        var rest = text[1..];
        if (header.IsBinary)
        {
            if (!TryReadNumber(ref rest, int.MaxValue, out var attachments) || rest.IsEmpty || rest[0] != '-')
            {
                return false;
            }
            header = header with { Attachments = (int)attachments };
            rest = rest[1..];
        }
        if (!rest.IsEmpty && rest[0] == '/')
        {
            var end = rest.IndexOf((byte)',');
            var space = end < 0 ? rest : rest[..end];
            if (space.Length > MaxSpace)
            {
                return false;
            }
            header = header with { Space = Encoding.UTF8.GetString(space) };
            rest = end < 0 ? default : rest[(end + 1)..];
        }
        if (!rest.IsEmpty && char.IsAsciiDigit((char)rest[0]))
        {
            if (!TryReadNumber(ref rest, MaxId, out var id))
            {
                return false;
            }
            header = header with { Id = id };
        }
        jsonStart = text.Length - rest.Length;
        return true;
    }

    private static bool TryReadNumber(ref ReadOnlySpan<byte> text, long max, out long number)
    {
        var isNumber = Utf8Parser.TryParse(text, out number, out var length) && char.IsAsciiDigit((char)text[0]) && number <= max;
        text = text[length..];
        return isNumber;
    }
}
