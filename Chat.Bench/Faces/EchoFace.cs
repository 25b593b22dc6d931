using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Chat.Bench.Load;
using Chat.Bench.Servers;

namespace Chat.Bench.Faces;

/// <summary>
/// The native WebSocket in sessions of the server's own echo, which a member's message scripts: so many tokens at such a rate, after a delay. Chunks are checked by their index,
/// since what is in them is the server's; only the first of an answer has a latency, from the question.
/// </summary>
/// <param name="rate">Tokens per second of one answer.</param>
internal sealed class EchoFace(byte[] marker, int tokens, double rate, TimeSpan firstDelay) : NativeFace(marker)
{
    private readonly byte[] _script = Encoding.ASCII.GetBytes(string.Create(
        CultureInfo.InvariantCulture, $"\",\"metadata\":{{\"echo\":{{\"tokens\":{tokens},\"rate\":{rate},\"first_delay_ms\":{firstDelay.TotalMilliseconds}}}}}}}"));

    /// <summary>An answer has ended, as the one who asked sees it.</summary>
    public Action<Member>? Ended { get; set; }

    public override async Task CreateAsync(Site site, Room room, CancellationToken cancellation) =>
        room.Name = await site.CreateSessionAsync(room, new JsonObject { ["agent_id"] = 1 }, "session_id", cancellation);

    public override void WriteMessage(IBufferWriter<byte> frame, Member sender, int index, ReadOnlySpan<byte> stamp, ReadOnlySpan<byte> padding)
    {
        frame.Write("{\"type\":\"message\",\"content\":\""u8);
        frame.Write(stamp);
        frame.Write(_script);
    }

    protected override void TakeShown(ReadOnlySpan<byte> frame, Member member, long now)
    {
        base.TakeShown(frame, member, now);
        if (frame.StartsWith("{\"type\":\"stream_chunk\""u8))
        {
            // After the content, which is the server's but no JSON either.
            member.ShowChunk((int)(Number(frame, "\"index\":"u8) ?? -1), now);
        }
        else if (frame.StartsWith("{\"type\":\"stream_end\""u8))
        {
            member.Order.EndChunks();
            if (member.NumberInRoom == 0)
            {
                Ended?.Invoke(member);
            }
        }
    }
}
