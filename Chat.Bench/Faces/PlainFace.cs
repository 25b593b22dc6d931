using System.Buffers;
using Chat.Bench.Load;
using Chat.Bench.Servers;

namespace Chat.Bench.Faces;

/// <summary>The Kestrel baselines: what is sent is what all get, in the JSON that a chat would send. Its own message is its sender's acknowledgement.</summary>
internal sealed class PlainFace(byte[] marker) : Face
{
    public override string Name => "plain";

    public override Task CreateAsync(Site site, Room room, CancellationToken cancellation) => Task.CompletedTask;

    public override (Uri Address, string? Token) Door(Site site, Member member) => (new Uri(site.Address, $"/{member.Room.Name}"), null);

    public override void WriteMessage(IBufferWriter<byte> frame, Member sender, int index, ReadOnlySpan<byte> stamp, ReadOnlySpan<byte> padding)
    {
        frame.Write("{\"type\":\"message\",\"content\":\""u8);
        frame.Write(stamp);
        frame.Write(padding);
        frame.Write("\",\"client_message_id\":\""u8);
        WriteId(frame, sender, index);
        frame.Write("\"}"u8);
    }

    public override void Take(ReadOnlySpan<byte> frame, Member member, long now)
    {
        if (TryFind(ref frame, marker, out var stamp))
        {
            member.Show(stamp, now);
            if (stamp.Sender == member.Number && stamp.Index != Stamp.Probe)
            {
                member.Acknowledge(stamp.Index, now);
            }
        }
    }
}
