using System.Text.Json.Nodes;
using Chat.Bench.Load;
using Chat.Bench.Servers;

namespace Chat.Bench.Faces;

/// <summary><c>/api/v1/chat/ws/{channel_url}</c>.</summary>
internal sealed class ChannelsFace(byte[] marker) : ChatFace(marker)
{
    private static readonly (byte[], byte[]) Frame = ("{\"type\":\"MESG\",\"message\":\""u8.ToArray(), "\""u8.ToArray());

    public override string Name => "channels";

    public override async Task CreateAsync(Site site, Room room, CancellationToken cancellation) =>
        room.Name = await site.CreateSessionAsync(room, new JsonObject { ["channel_url"] = $"bench_{RunName}_{room.Number}" }, "channel_url", cancellation);

    public override (Uri Address, string? Token) Door(Site site, Member member) => (new Uri(site.Address, $"/api/v1/chat/ws/{member.Room.Name}"), member.Token);

    protected override (byte[] Before, byte[] After) Message(Member sender) => Frame;
}
