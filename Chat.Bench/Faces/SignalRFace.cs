using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Chat.Bench.Load;
using Chat.Bench.Servers;

namespace Chat.Bench.Faces;

/// <summary>The SignalR baselines, in the JSON hub protocol. A completed invocation is an acknowledgement.</summary>
internal sealed class SignalRFace(byte[] marker) : Face
{
    private const byte End = 0x1e;

    public override string Name => "signalr";

    public override bool TellsEntry => true;

    /// <summary>A server in its default settings gives up a client that has said nothing for 30 s.</summary>
    public override ReadOnlySpan<byte> SignOfLife => "{\"type\":6}\u001e"u8;

    public override Task CreateAsync(Site site, Room room, CancellationToken cancellation) => Task.CompletedTask;

    public override (Uri Address, string? Token) Door(Site site, Member member) => (new Uri(site.Address, "/hub"), null);

    public override void Enter(Member member)
    {
        member.Send("{\"protocol\":\"json\",\"version\":1}\u001e"u8);
        member.Send(Encoding.UTF8.GetBytes($"{{\"type\":1,\"invocationId\":\"join\",\"target\":\"Join\",\"arguments\":[\"{member.Room.Name}\"]}}\u001e"));
    }

    public override void WriteMessage(IBufferWriter<byte> frame, Member sender, int index, ReadOnlySpan<byte> stamp, ReadOnlySpan<byte> padding)
    {
        frame.Write("{\"type\":1,\"invocationId\":\""u8);
        WriteId(frame, sender, index);
        frame.Write("\",\"target\":\"Send\",\"arguments\":[\"room-"u8);
        Span<byte> number = stackalloc byte[10];
        Utf8Formatter.TryFormat(sender.Room.Number, number, out var digits);
        frame.Write(number[..digits]);
        frame.Write("\",\"user\",\""u8);
        frame.Write(stamp);
        frame.Write(padding);
        frame.Write("\"]}\u001e"u8);
    }

    /// <summary>One WebSocket message may carry several of the hub's.</summary>
    public override void Take(ReadOnlySpan<byte> frame, Member member, long now)
    {
        for (int end; (end = frame.IndexOf(End)) >= 0; frame = frame[(end + 1)..])
        {
            TakeOne(frame[..end], member, now);
        }
    }

    private void TakeOne(ReadOnlySpan<byte> message, Member member, long now)
    {
        if (message.StartsWith("{\"type\":1,"u8))
        {
            if (TryFind(ref message, marker, out var stamp))
            {
                member.Show(stamp, now);
            }
        }
        else if (message.StartsWith("{\"type\":3,\"invocationId\":\"join\""u8))
        {
            member.Entered();
        }
        else if (message.StartsWith("{\"type\":3,"u8))
        {
            var index = IndexOfId(message, "\"invocationId\":\""u8);
            if (message.IndexOf("\"error\":"u8) >= 0)
            {
                member.Refuse(index, Encoding.UTF8.GetString(message), now);
            }
            else
            {
                member.Acknowledge(index, now);
            }
        }
    }
}
