using System.Buffers;
using System.Text;
using Chat.Bench.Load;

namespace Chat.Bench.Faces;

/// <summary>The native WebSocket of an outside agent, whose messages are the chunks of answers: the first <paramref name="tokens"/> are one answer, and so on.</summary>
internal sealed class StreamFace(byte[] marker, int tokens) : NativeFace(marker)
{
    public override void WriteMessage(IBufferWriter<byte> frame, Member sender, int index, ReadOnlySpan<byte> stamp, ReadOnlySpan<byte> padding)
    {
        frame.Write(Encoding.ASCII.GetBytes($"{{\"type\":\"stream_chunk\",\"message_id\":\"{index / tokens}\",\"index\":{index % tokens},\"content\":\""));
        frame.Write(stamp);
        frame.Write(padding);
        frame.Write("\"}"u8);
    }

    public void Start(Member agent, int index) => agent.Send(Encoding.ASCII.GetBytes($"{{\"type\":\"stream_start\",\"message_id\":\"{index / tokens}\"}}"));

    public void End(Member agent, int index) => agent.Send(Encoding.ASCII.GetBytes($"{{\"type\":\"stream_end\",\"message_id\":\"{index / tokens}\",\"tokens_used\":{tokens}}}"));
}
