using System.Net;
using System.Text.Json;
using Chat.Host.Auth;
using Chat.Host.Configuration;
using Chat.Protocol;
using Chat.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Chat.Tests.Faces.SocketIo;

/// <summary>Who may join in production.</summary>
public sealed class SocketIoDoorTests : IAsyncLifetime
{
    private static readonly SessionId Session = new("sess_door");

    private TestServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = await TestServer.StartAsync();
        await _server.Node.Gateway.AskAsync(Session, new CreateSession
        {
            Caller = new Caller("owner", "Owner"),
            SessionId = Session,
            TraceId = "trace_1",
            Members = [new Member("mina", "Mina")],
            SessionCode = "ABCDEF",
        });
        await _server.Node.Gateway.AskAsync(Session, new JoinSession { Caller = new Caller("p1", "민수"), ParticipantId = "p1", Nickname = "민수" });
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task A_participant_joins_with_its_proof_and_is_known_by_its_own_nickname()
    {
        await using var client = await SocketIoClient.ConnectAsync(_server, Auth(Proof("p1")));

        Assert.Equal(1, (await client.JoinAsync(Session.Value, "p1", "다른이름")).GetProperty("participant_count").GetInt32());
        await client.AskAsync("send_message", new { message = "hello" });

        Assert.Equal("민수", (await client.ExpectAsync("new_message")).GetProperty("participant_nickname").GetString());
    }

    [Fact]
    public async Task A_member_joins_with_its_token_and_is_not_counted()
    {
        await using var client = await SocketIoClient.ConnectAsync(_server, Auth(_server.Token("mina")));

        Assert.Equal(0, (await client.JoinAsync(Session.Value, "p1", "미나")).GetProperty("participant_count").GetInt32());
        await client.AskAsync("send_message", new { message = "hello" });

        Assert.Equal("미나", (await client.ExpectAsync("new_message")).GetProperty("participant_nickname").GetString());
        var stored = Assert.Single((await _server.LogAsync(Session.Value)).Select(e => e.Event).OfType<MessagePosted>());
        Assert.Equal(("mina", null), (stored.SenderId, stored.ParticipantId));
    }

    [Fact]
    public async Task Nobody_joins_without_a_proof_that_fits()
    {
        await RefusedAsync("", "p1", "UNAUTHORIZED");
        await RefusedAsync("", null, "UNAUTHORIZED");
        await RefusedAsync(Auth(Proof("p2")), "p1", "UNAUTHORIZED");
        await RefusedAsync(Auth(Proof("p1", "sess_other")), "p1", "UNAUTHORIZED");
        await RefusedAsync(Auth(Proof("p1")[..^1]), "p1", "UNAUTHORIZED");
        // A proof that is right for one who has not joined, and a token of one who is no member.
        await RefusedAsync(Auth(Proof("p2")), "p2", "NOT_FOUND");
        await RefusedAsync(Auth(_server.Token("stranger")), null, "NOT_FOUND");
        await RefusedAsync(Auth(_server.Token("stranger")), "p1", "NOT_FOUND");
    }

    [Fact]
    public async Task A_session_that_does_not_exist_is_not_made()
    {
        await using var client = await SocketIoClient.ConnectAsync(_server, Auth(_server.Token("mina")));
        var ack = await client.AskAsync("join_session", new { session_id = "sess_none", nickname = "미나" });
        Assert.Equal("NOT_FOUND", ack.GetProperty("error").GetProperty("code").GetString());
        Assert.Null(await _server.Node.Gateway.ReadAsync(new SessionId("sess_none")));
    }

    [Fact]
    public async Task Presenting_is_for_the_owner_and_admins()
    {
        await RefusedAsync(Auth(_server.Token("mina")), null, "FORBIDDEN", "presenter");
        await RefusedAsync(Auth(Proof("p1")), "p1", "FORBIDDEN", "presenter");
        await using var owner = await SocketIoClient.ConnectAsync(_server, Auth(_server.Token("owner")));
        await owner.JoinAsync(Session.Value, null, "주인", "presenter");
        await using var admin = await SocketIoClient.ConnectAsync(_server, Auth(_server.Token("root", Roles.Admin)));
        await admin.JoinAsync(Session.Value, null, "관리자", "presenter");
    }

    [Fact]
    public async Task Sockets_that_have_not_joined_leave_places_for_all_others()
    {
        // Half of them outside, and a quarter of those from one address.
        await using var server = await TestServer.StartAsync(o => o with { WebSocket = o.WebSocket with { MaxConnections = 16 } });
        await using var first = await SocketIoClient.ConnectAsync(server);
        await using var second = await SocketIoClient.ConnectAsync(server);

        var third = await server.Http.GetAsync(new Uri("/socket.io/?EIO=4&transport=polling", UriKind.Relative));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, third.StatusCode);
        Assert.NotNull(third.Headers.RetryAfter);
        await using var native = await NativeClient.OpenAsync(server, "sess_none", NativeClient.Query(server.Token("mina")));
        Assert.Equal(1008, (await native.ClosedAsync()).Code);
    }

    [Fact]
    public async Task Who_has_joined_waits_outside_no_longer()
    {
        await using var server = await TestServer.StartAsync(o => o with { Mode = ChatMode.Development, WebSocket = o.WebSocket with { MaxConnections = 16 } });
        var joined = new List<SocketIoClient>();
        for (var i = 0; i < 6; i++)
        {
            var client = await SocketIoClient.ConnectAsync(server);
            await client.JoinAsync("inside", $"p{i}", "민수");
            joined.Add(client);
        }
        foreach (var client in joined)
        {
            await client.DisposeAsync();
        }
    }

    [Fact]
    public void Places_outside_are_counted_by_address()
    {
        var outside = new Chat.Host.Faces.SocketIo.SocketIoOutside(8);
        Assert.True(outside.TryEnter(1));
        Assert.True(outside.TryEnter(1));
        Assert.False(outside.TryEnter(1));
        foreach (var address in (UInt128[])[2, 2, 3, 3, 4, 4])
        {
            Assert.True(outside.TryEnter(address));
        }
        Assert.False(outside.TryEnter(5));
        outside.Leave(1);
        Assert.True(outside.TryEnter(5));
    }

    [Fact]
    public async Task A_token_that_ends_closes_the_socket_with_4001()
    {
        var time = new ManualTime();
        await using var server = await TestServer.StartAsync(time: time);
        await server.Node.Gateway.AskAsync(Session, new CreateSession { Caller = new Caller("owner", "Owner"), SessionId = Session, TraceId = "trace_1" });
        await using var client = await SocketIoClient.ConnectAsync(server, Auth(server.Token("owner", lifetime: TimeSpan.FromSeconds(20))));
        await client.JoinAsync(Session.Value, null, "주인");

        time.Advance(TimeSpan.FromSeconds(21));

        Assert.Equal(4001, (await client.ClosedAsync()).Code);
    }

    private async Task RefusedAsync(string auth, string? participant, string code, string? role = null)
    {
        await using var client = await SocketIoClient.ConnectAsync(_server, auth);
        var ack = await client.AskAsync("join_session", new { session_id = Session.Value, participant_id = participant, nickname = "민수", role = role ?? "participant" });
        Assert.Equal(code, ack.GetProperty("error").GetProperty("code").GetString());
    }

    private string Proof(string participant, string? session = null) =>
        _server.Services.GetRequiredService<ParticipantProof>().Issue(session is null ? Session : new SessionId(session), participant);

    private static string Auth(string token) => JsonSerializer.Serialize(new { token });
}
