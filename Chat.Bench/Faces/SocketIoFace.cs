using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Chat.Bench.Load;
using Chat.Bench.Servers;

namespace Chat.Bench.Faces;

/// <summary><c>/socket.io/</c> over its WebSocket transport: packets of Socket.IO 5 in those of Engine.IO 4.</summary>
internal sealed class SocketIoFace(byte[] marker) : Face
{
    public override string Name => "socketio";

    public override bool TellsEntry => true;

    public override async Task CreateAsync(Site site, Room room, CancellationToken cancellation) =>
        room.Name = await site.CreateSessionAsync(room, [], "session_id", cancellation);

    public override (Uri Address, string? Token) Door(Site site, Member member) => (new Uri(site.Address, "/socket.io/?EIO=4&transport=websocket"), null);

    /// <summary>An event that asks for an acknowledgement under the message's index.</summary>
    public override void WriteMessage(IBufferWriter<byte> frame, Member sender, int index, ReadOnlySpan<byte> stamp, ReadOnlySpan<byte> padding)
    {
        frame.Write("42"u8);
        if (index != Stamp.Probe)
        {
            Utf8Formatter.TryFormat(index, frame.GetSpan(10), out var digits);
            frame.Advance(digits);
        }
        frame.Write("[\"send_message\",{\"message\":\""u8);
        frame.Write(stamp);
        frame.Write(padding);
        if (index != Stamp.Probe)
        {
            frame.Write("\",\"client_message_id\":\""u8);
            WriteId(frame, sender, index);
        }
        frame.Write("\"}]"u8);
    }

    public override void Take(ReadOnlySpan<byte> frame, Member member, long now)
    {
        if (frame.StartsWith("42[\"new_message\""u8))
        {
            if (TryFind(ref frame, marker, out var stamp))
            {
                member.Order.TakeSeq(Number(frame, "\"seq\":"u8) ?? 0, -1);
                member.Show(stamp, now);
            }
        }
        else if (frame.StartsWith("43"u8))
        {
            if (frame.IndexOf("[{\"ok\":true"u8) >= 0 && Utf8Parser.TryParse(frame[2..], out int index, out _))
            {
                member.Acknowledge(index, now);
            }
        }
        else if (frame.StartsWith("42[\"error\""u8) || frame.StartsWith("44"u8))
        {
            member.Refuse(IndexOfId(frame, "\"client_message_id\":\""u8), Encoding.UTF8.GetString(frame), now);
        }
        else
        {
            TakeEntry(frame, member);
        }
    }

    /// <summary>Open, namespace, session; and the heartbeat.</summary>
    private static void TakeEntry(ReadOnlySpan<byte> frame, Member member)
    {
        if (frame.SequenceEqual("2"u8))
        {
            member.Send("3"u8);
        }
        else if (frame.StartsWith("0"u8))
        {
            member.Send(Encoding.UTF8.GetBytes($"40{{\"token\":\"{member.Token}\"}}"));
        }
        else if (frame.StartsWith("40"u8))
        {
            member.Send(Encoding.UTF8.GetBytes($"42[\"join_session\",{{\"session_id\":\"{member.Room.Name}\",\"nickname\":\"Bench {member.Number}\"}}]"));
        }
        else if (frame.StartsWith("42[\"joined_session\""u8))
        {
            member.Entered();
        }
    }
}
