using Chat.Bench.Load;
using Chat.Bench.Servers;

namespace Chat.Bench.Faces;

/// <summary><c>/ws/chat/{room_id}</c>: each frame is the list of the last messages.</summary>
internal sealed class RoomsFace(byte[] marker) : ChatFace(marker)
{
    private static readonly (byte[], byte[]) Frame = ("{\"username\":\"bench\",\"content\":\""u8.ToArray(), "\""u8.ToArray());

    public override string Name => "rooms";

    public override bool ShowsNewestOnly => true;

    /// <summary>A room comes into being by being named.</summary>
    public override Task CreateAsync(Site site, Room room, CancellationToken cancellation)
    {
        room.Name = $"bench-{RunName}-{room.Number}";
        return Task.CompletedTask;
    }

    public override (Uri Address, string? Token) Door(Site site, Member member) => (new Uri(site.Address, $"/ws/chat/{member.Room.Name}"), member.Token);

    protected override (byte[] Before, byte[] After) Message(Member sender) => Frame;

    protected override void TakeShown(ReadOnlySpan<byte> frame, Member member, long now)
    {
        while (TryFind(ref frame, Marker, out var stamp))
        {
            member.Show(stamp, now);
        }
    }
}
