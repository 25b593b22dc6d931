using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Chat.Host.Auth;
using Chat.Host.Configuration;
using Chat.Tests.Support;

namespace Chat.Tests.Connections;

public sealed class NativeConnectingTests(NativeServer native) : IClassFixture<NativeServer>
{
    private readonly TestServer _server = native.Server;

    [Fact]
    public async Task A_member_is_connected_and_told_so_first()
    {
        var session = await _server.CreateSessionAsync("mina");
        var head = (await _server.PostManyAsync(session, "mina", 3)).Seq;

        await using var client = await NativeClient.ConnectAsync(_server, session, "mina");
        await client.SettleAsync();

        var connected = client.Frames[0];
        Assert.Equal(("system", "connected"), (connected.Type, connected.Event));
        Assert.Equal((session, "mina", head), (connected.Text("session_id"), connected.Text("user_id"), connected.Seq));
        Assert.EndsWith("Z", connected.Text("timestamp"));
        Assert.Equal(["connected", "pong"], client.Frames.Select(f => f.Event ?? f.Type));
    }

    [Theory]
    [InlineData("")]
    [InlineData("?token=")]
    [InlineData("?token=nonsense")]
    [InlineData("?token=test-token")]
    [InlineData("?ticket=nonsense")]
    public async Task A_missing_or_bad_token_is_accepted_and_then_closed_with_1008(string query)
    {
        var session = await _server.CreateSessionAsync("mina");

        await using var client = await NativeClient.OpenAsync(_server, session, query);

        Assert.Equal(1008, (await client.ClosedAsync()).Code);
        Assert.Empty(client.Frames);
    }

    [Fact]
    public async Task An_expired_token_is_closed_with_1008()
    {
        var session = await _server.CreateSessionAsync("mina");

        await using var client = await NativeClient.OpenAsync(_server, session, NativeClient.Query(_server.Token("mina", lifetime: TimeSpan.FromMinutes(-1))));

        Assert.Equal(1008, (await client.ClosedAsync()).Code);
    }

    [Theory]
    [InlineData("sess_unknown")]
    [InlineData("with%20space")]
    [InlineData("code:ABCDEF")]
    [InlineData("%F0%9F%98%80")]
    public async Task An_unknown_session_is_closed_with_1008(string session)
    {
        await using var client = await NativeClient.OpenAsync(_server, session, NativeClient.Query(_server.Token("mina")));

        Assert.Equal((1008, "Session not found"), await client.ClosedAsync());
        Assert.Empty(client.Frames);
    }

    [Fact]
    public async Task One_who_is_not_a_member_learns_nothing_but_1008()
    {
        var session = await _server.CreateSessionAsync("mina", "juno");
        await using var mina = await NativeClient.ConnectAsync(_server, session, "mina");

        await using var stranger = await NativeClient.OpenAsync(_server, session, NativeClient.Query(_server.Token("eve"), since: 0));

        Assert.Equal((1008, "Session not found"), await stranger.ClosedAsync());
        Assert.Empty(stranger.Frames);
        await mina.SettleAsync();
        Assert.Empty(mina.All("user_joined"));
    }

    [Fact]
    public async Task An_admin_may_read_any_session_and_write_in_none_that_it_is_not_in()
    {
        var session = await _server.CreateSessionAsync("mina");
        await using var admin = await NativeClient.ConnectAsync(_server, session, "root", roles: Roles.Admin);
        await _server.PostAsync(session, "mina", "hello");

        Assert.Equal("hello", (await admin.ExpectAsync("message")).Text("content"));
        await admin.SendAsync(new { type = "message", content = "me too", client_message_id = "a-1" });
        Assert.Equal("a-1", (await admin.ExpectErrorAsync("FORBIDDEN")).Text("client_message_id"));
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("x")]
    [InlineData("")]
    [InlineData("99999999999999999999")]
    public async Task A_since_that_is_no_seq_is_refused(string since)
    {
        var session = await _server.CreateSessionAsync("mina");

        await using var client = await NativeClient.OpenAsync(_server, session, NativeClient.Query(_server.Token("mina")) + "&since=" + since);

        Assert.Equal(1008, (await client.ClosedAsync()).Code);
    }

    [Fact]
    public async Task A_token_may_come_in_the_authorization_header()
    {
        var session = await _server.CreateSessionAsync("mina");

        await using var client = await NativeClient.OpenAsync(_server, session, configure: o => o.SetRequestHeader("Authorization", "Bearer " + _server.Token("mina")));

        await client.ExpectAsync("connected");
    }

    [Fact]
    public async Task A_token_may_come_as_a_subprotocol_which_is_answered()
    {
        var session = await _server.CreateSessionAsync("mina");

        await using var client = await NativeClient.OpenAsync(_server, session, configure: o =>
        {
            o.AddSubProtocol("bearer");
            o.AddSubProtocol(_server.Token("mina"));
        });

        Assert.Equal("bearer", client.SubProtocol);
        await client.ExpectAsync("connected");
    }

    [Fact]
    public async Task A_bad_token_as_a_subprotocol_still_shows_its_close_code()
    {
        var session = await _server.CreateSessionAsync("mina");

        await using var client = await NativeClient.OpenAsync(_server, session, configure: o =>
        {
            o.AddSubProtocol("bearer");
            o.AddSubProtocol("nonsense");
        });

        Assert.Equal(1008, (await client.ClosedAsync()).Code);
    }

    [Fact]
    public async Task A_ticket_is_good_once()
    {
        var session = await _server.CreateSessionAsync("mina");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/chat/tickets");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _server.Token("mina"));
        using var response = await _server.Http.SendAsync(request);
        var ticket = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("ticket").GetString();

        await using var first = await NativeClient.OpenAsync(_server, session, "?ticket=" + Uri.EscapeDataString(ticket!));
        Assert.Equal("mina", (await first.ExpectAsync("connected")).Text("user_id"));

        await using var second = await NativeClient.OpenAsync(_server, session, "?ticket=" + Uri.EscapeDataString(ticket!));
        Assert.Equal(1008, (await second.ClosedAsync()).Code);
    }

    [Fact]
    public async Task A_foreign_page_is_refused_in_the_handshake()
    {
        var session = await _server.CreateSessionAsync("mina");

        var (status, _) = await NativeClient.RefusedAsync(
            _server, session, NativeClient.Query(_server.Token("mina")), o => o.SetRequestHeader("Origin", "https://elsewhere.example"));

        Assert.Equal(HttpStatusCode.Forbidden, status);
    }

    [Fact]
    public async Task The_address_says_that_it_speaks_websocket_only()
    {
        using var response = await _server.Http.GetAsync(new Uri("/ws/any", UriKind.Relative));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Over_the_connection_limit_the_handshake_gets_503_until_a_socket_ends()
    {
        await using var server = await TestServer.StartAsync(o => o with { WebSocket = o.WebSocket with { MaxConnections = 2 } });
        var session = await server.CreateSessionAsync("mina");
        await using var first = await NativeClient.ConnectAsync(server, session, "mina");
        await using var second = await NativeClient.ConnectAsync(server, session, "mina");

        var (status, headers) = await NativeClient.RefusedAsync(server, session, NativeClient.Query(server.Token("mina")));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.True(headers!.ContainsKey("Retry-After"));

        await second.CloseAsync();
        await using var third = await EventuallyAsync(() => NativeClient.ConnectAsync(server, session, "mina"));
        await first.SettleAsync();
    }

    [Fact]
    public async Task A_stopping_server_sends_its_clients_away_with_1012()
    {
        var server = await TestServer.StartAsync();
        var session = await server.CreateSessionAsync("mina");
        await using var client = await NativeClient.ConnectAsync(server, session, "mina");

        await server.DisposeAsync();

        Assert.Equal(1012, (await client.ClosedAsync()).Code);
    }

    [Fact]
    public async Task A_client_that_closes_is_answered_with_1000()
    {
        var session = await _server.CreateSessionAsync("mina");
        await using var client = await NativeClient.ConnectAsync(_server, session, "mina");

        await client.CloseAsync();

        Assert.Equal(1000, (await client.ClosedAsync()).Code);
    }

    [Fact]
    public async Task Production_makes_no_session_that_is_only_named()
    {
        await using var client = await NativeClient.OpenAsync(_server, "my-own-name", NativeClient.Query(_server.Token("mina")));

        Assert.Equal(1008, (await client.ClosedAsync()).Code);
    }

    /// <summary>The server lets go of a socket a moment after its client has seen the end.</summary>
    private static async Task<NativeClient> EventuallyAsync(Func<Task<NativeClient>> connect)
    {
        using var timeout = new CancellationTokenSource(NativeClient.Timeout);
        while (true)
        {
            try
            {
                return await connect();
            }
            catch (System.Net.WebSockets.WebSocketException) when (!timeout.IsCancellationRequested)
            {
                await Task.Yield();
            }
        }
    }
}
