using Chat.Protocol;

namespace Chat.Host.SocketIo.Engine;

/// <summary>The packet types by the character that stands for them.</summary>
internal enum EnginePacketType : byte
{
    Open = (byte)'0',
    Close = (byte)'1',
    Ping = (byte)'2',
    Pong = (byte)'3',
    Message = (byte)'4',
    Upgrade = (byte)'5',
    Noop = (byte)'6',
}

/// <summary>A packet on its way to the client: the text of a whole packet, or the bytes of a binary message.</summary>
internal readonly record struct EnginePacket(Frame? Text, ReadOnlyMemory<byte> Binary)
{
    public static readonly EnginePacket Close = new(Frame.Text("1"u8));
    public static readonly EnginePacket Ping = new(Frame.Text("2"u8));
    public static readonly EnginePacket ProbeAnswer = new(Frame.Text("3probe"u8));
    public static readonly EnginePacket Noop = new(Frame.Text("6"u8));

    /// <summary>A frame of its own, its two arrays' heads and the place in the queue, roughly: many tiny packets weigh, too.</summary>
    private const int Overhead = 96;

    public EnginePacket(Frame text)
        : this(text, default)
    {
    }

    /// <summary>Payload without any framing.</summary>
    public ReadOnlyMemory<byte> Payload => Text?.Payload ?? Binary;

    /// <summary>What it counts for in a queue.</summary>
    public int Weight => Payload.Length + Overhead;

    public static Frame EncodeMessage(ReadOnlySpan<byte> text)
    {
        var bytes = new byte[text.Length + 1];
        bytes[0] = (byte)EnginePacketType.Message;
        text.CopyTo(bytes.AsSpan(1));
        return Frame.Text(bytes);
    }
}
