using System.Buffers;
using Chat.Bench.Load;
using Chat.Bench.Servers;

namespace Chat.Bench.Faces;

/// <summary><c>/ws/{session_id}</c>; each stored frame names the one before it, so that a hole shows.</summary>
internal class NativeFace(byte[] marker) : ChatFace(marker)
{
    private static readonly (byte[], byte[]) Frame = ("{\"type\":\"message\",\"content\":\""u8.ToArray(), "\""u8.ToArray());

    public override string Name => "native";

    public override bool TellsEntry => true;

    public override async Task CreateAsync(Site site, Room room, CancellationToken cancellation) =>
        room.Name = await site.CreateSessionAsync(room, [], "session_id", cancellation);

    public override (Uri Address, string? Token) Door(Site site, Member member) => (new Uri(site.AddressOf(member.Number), $"/ws/{member.Room.Name}"), member.Token);

    protected override (byte[] Before, byte[] After) Message(Member sender) => Frame;

    protected override bool IsStored(ReadOnlySpan<byte> frame, bool isMessage, out long previous)
    {
        previous = Number(frame, "\"prev\":"u8) ?? -1;
        return previous >= 0;
    }

    protected override void TakeShown(ReadOnlySpan<byte> frame, Member member, long now)
    {
        if (frame.StartsWith("{\"type\":\"system\",\"event\":\"connected\""u8))
        {
            member.Entered();
        }
        base.TakeShown(frame, member, now);
    }
}
