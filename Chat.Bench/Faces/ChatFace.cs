using System.Buffers;
using System.Text;
using Chat.Bench.Load;

namespace Chat.Bench.Faces;

/// <summary>A face of the chat server whose frames are JSON objects with a type, and whose answers to a sender are <c>ack</c> and <c>error</c>.</summary>
internal abstract class ChatFace(byte[] marker) : Face
{
    protected byte[] Marker => marker;

    /// <summary>For names that must be this run's. They stand in frames too, so it is not the marker.</summary>
    protected string RunName { get; } = Encoding.ASCII.GetString(marker).ToUpperInvariant();

    /// <summary>The frame up to the content, and what ends it after the padding but for the client id.</summary>
    protected abstract (byte[] Before, byte[] After) Message(Member sender);

    public override void WriteMessage(IBufferWriter<byte> frame, Member sender, int index, ReadOnlySpan<byte> stamp, ReadOnlySpan<byte> padding)
    {
        var (before, after) = Message(sender);
        frame.Write(before);
        frame.Write(stamp);
        frame.Write(padding);
        frame.Write(after);
        if (index != Stamp.Probe)
        {
            frame.Write(",\"client_message_id\":\""u8);
            WriteId(frame, sender, index);
            frame.Write("\""u8);
        }
        frame.Write("}"u8);
    }

    public override void Take(ReadOnlySpan<byte> frame, Member member, long now)
    {
        if (frame.StartsWith("{\"type\":\"ack\""u8))
        {
            member.Acknowledge(IndexOfId(frame, "\"client_message_id\":\""u8), now);
        }
        else if (frame.StartsWith("{\"type\":\"error\""u8))
        {
            member.Refuse(IndexOfId(frame, "\"client_message_id\":\""u8), Encoding.UTF8.GetString(frame), now);
        }
        else
        {
            TakeShown(frame, member, now);
        }
    }

    /// <summary>A frame that goes to everyone.</summary>
    protected virtual void TakeShown(ReadOnlySpan<byte> frame, Member member, long now)
    {
        var isMessage = TryFind(ref frame, marker, out var stamp);
        if (Number(frame, "\"seq\":"u8) is { } seq && IsStored(frame, isMessage, out var previous))
        {
            member.Order.TakeSeq(seq, previous);
        }
        if (isMessage)
        {
            member.Show(stamp, now);
        }
    }

    /// <param name="previous">-1 where the face has no such field.</param>
    protected virtual bool IsStored(ReadOnlySpan<byte> frame, bool isMessage, out long previous)
    {
        previous = -1;
        return isMessage;
    }
}
