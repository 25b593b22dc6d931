using System.Text.Json.Nodes;
using Chat.Bench.Load;
using Chat.Bench.Servers;

namespace Chat.Bench.Faces;

/// <summary><c>/ws/{session_code}/{participant_id}</c>: members join by the code, under a nickname.</summary>
internal sealed class ParticipantsFace(byte[] marker) : ChatFace(marker)
{
    private static readonly (byte[], byte[]) Frame = ("{\"type\":\"chat_message\",\"content\":\""u8.ToArray(), "\""u8.ToArray());

    public override string Name => "participants";

    public override async Task CreateAsync(Site site, Room room, CancellationToken cancellation)
    {
        room.Name = await site.CreateSessionAsync(room, new JsonObject { ["joinable"] = true }, "session_code", cancellation);
        foreach (var member in room.Members)
        {
            using var joined = await site.PostAsync($"/api/participants/join/{room.Name}", null, new JsonObject { ["nickname"] = $"Bench {member.Number}" }, cancellation);
            member.Alias = joined.RootElement.GetProperty("participant").GetProperty("id").GetString();
            member.Token = joined.RootElement.GetProperty("token").GetString();
        }
    }

    public override (Uri Address, string? Token) Door(Site site, Member member) => (new Uri(site.Address, $"/ws/{member.Room.Name}/{member.Alias}?token={member.Token}"), null);

    protected override (byte[] Before, byte[] After) Message(Member sender) => Frame;
}
