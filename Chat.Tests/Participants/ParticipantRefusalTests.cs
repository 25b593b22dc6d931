using Chat.Host.Auth;
using Chat.Host.Configuration;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Participants;

/// <summary>Sockets that are not let in, and what strangers try.</summary>
public sealed class ParticipantRefusalTests : IAsyncLifetime
{
    private ParticipantWorld _world = null!;

    public async Task InitializeAsync() => _world = await ParticipantWorld.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task The_reasons_are_the_seeds_and_come_in_its_order()
    {
        var mina = await _world.JoinAsync("Mina");
        Assert.Equal((1008, "Session not found"), await ClosedAsync("/ws/ZZZZZZ/no-uuid"));
        Assert.Equal((1008, "Session not found"), await ClosedAsync($"/ws/{_world.Code.ToLowerInvariant()}/{mina.Id}"));
        Assert.Equal((1008, "Invalid participant ID"), await ClosedAsync($"/ws/{_world.Code}/no-uuid"));
        Assert.Equal((1008, "Participant not found"), await ClosedAsync($"/ws/{_world.Code}/{Guid.NewGuid()}"));
        Assert.Equal((1008, "since must be a seq"), await ClosedAsync($"{mina.Path}?token={mina.Token}&since=x"));
        Assert.Equal((1008, "Session not found"), await ClosedAsync($"/ws/{new string('A', 4096)}/{mina.Id}"));
        Assert.Equal((1008, "Invalid participant ID"), await ClosedAsync($"/ws/{_world.Code}/{new string('a', 3000)}"));
    }

    [Fact]
    public async Task Members_of_another_kind_have_no_place_on_this_face()
    {
        var id = Guid.NewGuid().ToString();
        await _world.Server.DoAsync(_world.Session, new AddMember { Caller = new(ParticipantWorld.Owner, ""), Member = new Member(id, "Juno") });
        var proof = new ParticipantProof(_world.Server.Options.Jwt).Issue(new SessionId(_world.Session), id);

        Assert.Equal((1008, "Participant not found"), await ClosedAsync($"/ws/{_world.Code}/{id}?token={proof}"));
    }

    [Fact]
    public async Task Only_a_participants_own_proof_for_its_own_session_lets_it_in()
    {
        var (_, otherCode) = await _world.CreateAsync();
        var mina = await _world.JoinAsync("Mina");
        var juno = await _world.JoinAsync("Juno");
        var elsewhere = await _world.JoinAsync("Mina", otherCode);
        var forged = new ParticipantProof(new JwtOptions { SecretKey = "another secret of more than 32 bytes, for sure" }).Issue(new SessionId(_world.Session), mina.Id);
        var jwt = _world.Server.Token(mina.Id);
        foreach (var token in new[] { "", juno.Token, elsewhere.Token, forged, jwt, mina.Token[..^1], mina.Token[..8], mina.Token + "A", mina.Token.ToUpperInvariant(), mina.Id, new string('A', 3000), "%00", "%ED%A0%80" })
        {
            Assert.Equal((1008, "Participant not proved"), await ClosedAsync($"{mina.Path}?token={token}"));
            Assert.Equal((1008, "Participant not proved"), await ClosedAsync(mina.Path, ("Cookie", $"{ParticipantProof.Cookie}={token}")));
        }
        Assert.Equal((1008, "Participant not proved"), await ClosedAsync(mina.Path));
        Assert.Equal((1008, "Participant not proved"), await ClosedAsync($"{mina.Path}?token={juno.Token}&token={mina.Token}"));
        Assert.Equal((1008, "Participant not proved"), await ClosedAsync(mina.Path, ("Authorization", "Bearer " + mina.Token)));
        Assert.Equal((1008, "Participant not found"), await ClosedAsync($"/ws/{otherCode}/{mina.Id}?token={mina.Token}"));
        Assert.Equal(0, (await _world.StatusAsync())["online_count"].GetInt32());
    }

    [Fact]
    public async Task Another_spelling_of_the_id_is_the_same_participant()
    {
        var mina = await _world.JoinAsync("Mina");
        await using var client = await FaceClient.OpenAsync(_world.Server, $"/ws/{_world.Code}/{mina.Id.ToUpperInvariant()}?token={mina.Token}");
        await client.SendAsync(new { type = "chat_message", content = "hello" });
        Assert.Equal(mina.Id, (await client.ExpectAsync("chat_message")).GetProperty("participant_id").GetString());
    }

    [Fact]
    public async Task A_participants_proof_opens_nothing_else()
    {
        var mina = await _world.JoinAsync("Mina");
        (await _world.Rest.SendAsync(null, "GET", $"/api/chat/sessions/{_world.Session}", null, ("Authorization", "Bearer " + mina.Token))).AssertProblem(401, "UNAUTHORIZED");
        Assert.Equal(1008, (await ClosedAsync($"/ws/{_world.Session}?token={mina.Token}")).Code);
        Assert.Equal(1008, (await ClosedAsync($"/ws/{_world.Session}?ticket={mina.Token}")).Code);
    }

    [Theory]
    [InlineData(ChatMode.Development, true)]
    [InlineData(ChatMode.Production, false)]
    public async Task In_development_and_where_no_proof_is_asked_for_the_id_is_enough(ChatMode mode, bool requireProof)
    {
        await using var world = await ParticipantWorld.StartAsync(o => o with { Mode = mode, Participants = o.Participants with { RequireProof = requireProof } });
        var mina = await world.JoinAsync("Mina");

        await using var client = await FaceClient.OpenAsync(world.Server, mina.Path);
        await client.SendAsync(new { type = "chat_message", content = "hello" });

        Assert.Equal(mina.Id, (await client.ExpectAsync("chat_message")).GetProperty("participant_id").GetString());
        Assert.Equal((1008, "Participant not found"), await ClosedAsync(world.Server, $"/ws/{world.Code}/{Guid.NewGuid()}"));
        Assert.Equal((1008, "Session not found"), await ClosedAsync(world.Server, $"/ws/my-own/{mina.Id}"));
    }

    [Fact]
    public async Task A_plain_request_is_told_that_the_address_speaks_WebSocket_only() =>
        (await _world.Rest.SendAsync(null, "GET", $"/ws/{_world.Code}/{Guid.NewGuid()}")).AssertProblem(400, "BAD_FIELD");

    private Task<(int Code, string Reason)> ClosedAsync(string path, params (string Name, string Value)[] headers) => ClosedAsync(_world.Server, path, headers);

    private static async Task<(int Code, string Reason)> ClosedAsync(TestServer server, string path, params (string Name, string Value)[] headers)
    {
        await using var client = await FaceClient.OpenAsync(server, path, headers);
        var closed = await client.ClosedAsync();
        Assert.Empty(client.Frames);
        return closed;
    }
}
