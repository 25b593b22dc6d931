using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json;
using Chat.Host.Configuration;

namespace Chat.Tests.Auth;

public sealed class AuthenticatorTests : IAsyncLifetime
{
    private const string Bad = "bad";

    private AuthHost _host = null!;

    public async Task InitializeAsync() => _host = await AuthHost.StartAsync();

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task Rest_takes_the_header_and_nothing_else()
    {
        Assert.Equal("kim", await Get("/me", Bearer("kim")));
        Assert.Equal("kim", await Get($"/me?token={Bad}&ticket={Bad}", Bearer("kim")));
        Assert.Equal("kim", await Get("/me", ("Authorization", $"bearer  {_host.Token("kim")} ")));
        Assert.Null(await Get($"/me?token={_host.Token("kim")}"));
        Assert.Null(await Get($"/me?ticket={_host.Ticket("kim")}"));
        Assert.Null(await Get("/me"));
    }

    [Theory]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    [InlineData("Bearer x y")]
    [InlineData("Bearer test-token")]
    [InlineData("BearerTOKEN")]
    [InlineData("Basic a2ltOmtpbQ==")]
    public async Task A_bad_header_is_refused(string value) => Assert.Null(await Get("/me", ("Authorization", value)));

    [Fact]
    public async Task Two_headers_are_refused() => Assert.Null(await Get("/me", Bearer("kim"), Bearer("kim")));

    [Fact]
    public async Task A_refusal_is_problem_details_that_ask_for_a_bearer()
    {
        using var none = await _host.SendAsync(HttpMethod.Get, "/me");
        Assert.Equal(HttpStatusCode.Unauthorized, none.StatusCode);
        Assert.Equal("Bearer", none.Headers.WwwAuthenticate.ToString());
        Assert.Equal("application/problem+json", none.Content.Headers.ContentType!.ToString());
        var problem = await none.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("UNAUTHORIZED", problem.GetProperty("code").GetString());
        Assert.Equal(401, problem.GetProperty("status").GetInt32());
        Assert.Equal("Unauthorized", problem.GetProperty("title").GetString());
        Assert.Equal("about:blank", problem.GetProperty("type").GetString());
        Assert.Equal("A bearer token is needed.", problem.GetProperty("detail").GetString());

        using var bad = await _host.SendAsync(HttpMethod.Get, "/me", ("Authorization", "Bearer SECRET"));
        Assert.Equal("Bearer error=\"invalid_token\"", bad.Headers.WwwAuthenticate.ToString());
        Assert.DoesNotContain("SECRET", await bad.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stranger_is_refused_before_the_body_is_read()
    {
        using var content = JsonContent.Create(new { });
        content.Headers.ContentType = new("text/strange");
        using var answer = await _host.Client.PostAsync(new Uri("/write", UriKind.Relative), content);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task A_download_takes_the_header_or_a_ticket_once()
    {
        var ticket = _host.Ticket("kim");
        Assert.Equal("kim", await Get($"/download?ticket={ticket}"));
        Assert.Null(await Get($"/download?ticket={ticket}"));
        Assert.Equal("lee", await Get("/download", Bearer("lee")));
        Assert.Null(await Get($"/download?token={_host.Token("kim")}"));
    }

    [Fact]
    public async Task The_header_decides_alone()
    {
        var ticket = _host.Ticket("kim");
        Assert.Equal("lee", await Get($"/download?ticket={ticket}", Bearer("lee")));
        Assert.Null(await Get($"/download?ticket={ticket}", ("Authorization", "Bearer bad")));
        // Neither has used it up.
        Assert.Equal("kim", await Get($"/download?ticket={ticket}"));
    }

    [Fact]
    public async Task A_ticket_is_handed_out_to_a_token_and_opens_a_socket()
    {
        using var answer = await _host.SendAsync(HttpMethod.Post, "/api/chat/tickets", Bearer("kim"));
        Assert.Equal("no-store", answer.Headers.CacheControl!.ToString());
        var json = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(30, json.GetProperty("expires_in").GetInt32());
        var ticket = json.GetProperty("ticket").GetString();
        Assert.Equal("kim", (await Open($"?ticket={ticket}")).Who);
        Assert.Equal("Refused", (await Open($"?ticket={ticket}")).Who);

        using var refused = await _host.SendAsync(HttpMethod.Post, $"/api/chat/tickets?ticket={_host.Ticket("kim")}");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    [Fact]
    public async Task A_socket_takes_its_credential_from_four_places_in_order()
    {
        var (header, protocol, token, ticket) = (_host.Token("header"), _host.Token("protocol"), _host.Token("token"), _host.Ticket("ticket"));
        Assert.Equal("header", (await Open($"?token={token}&ticket={ticket}", header, "bearer", protocol)).Who);
        Assert.Equal("protocol", (await Open($"?token={token}&ticket={ticket}", null, "bearer", protocol)).Who);
        Assert.Equal("token", (await Open($"?token={token}&ticket={ticket}")).Who);
        Assert.Equal("ticket", (await Open($"?ticket={ticket}")).Who);
        Assert.Equal("Anonymous", (await Open("")).Who);
        Assert.Equal("Anonymous", (await Open("?token=&ticket=")).Who);
    }

    [Fact]
    public async Task A_bad_credential_is_not_mended_by_a_good_one_after_it()
    {
        var (protocol, token, ticket) = (_host.Token("protocol"), _host.Token("token"), _host.Ticket("ticket"));
        Assert.Equal("Refused", (await Open($"?token={token}&ticket={ticket}", Bad, "bearer", protocol)).Who);
        Assert.Equal("Refused", (await Open($"?token={token}&ticket={ticket}", null, "bearer", Bad)).Who);
        Assert.Equal("Refused", (await Open($"?token={token}", null, "bearer")).Who);
        Assert.Equal("Refused", (await Open($"?token={Bad}&ticket={ticket}")).Who);
        Assert.Equal("Refused", (await Open($"?token={token}&token={token}")).Who);
        Assert.Equal("Refused", (await Open($"?TOKEN={token}&%74oken={token}")).Who);
        Assert.Equal("ticket", (await Open($"?ticket={ticket}")).Who);
    }

    [Fact]
    public async Task The_bearer_subprotocol_is_selected_also_for_a_refused_token()
    {
        Assert.Equal("bearer", (await Open("", null, "bearer", _host.Token("kim"))).Protocol);
        Assert.Equal("bearer", (await Open("", null, "bearer", Bad)).Protocol);
        Assert.Null((await Open($"?token={_host.Token("kim")}")).Protocol);
        Assert.Equal(("kim", "bearer"), await Open("", null, "chat.v1", "bearer", _host.Token("kim")));
    }

    [Fact]
    public async Task The_test_token_opens_development()
    {
        await using var development = await AuthHost.StartAsync(new ChatOptions { Mode = ChatMode.Development });
        Assert.Equal("test-user", (await Open("?token=test-token", host: development)).Who);
        Assert.Equal("Refused", (await Open("?token=test-token")).Who);
    }

    [Fact]
    public async Task Without_keys_a_token_is_neither_good_nor_bad()
    {
        var jwt = new JwtOptions { Algorithm = "RS256", Jwks = "/nowhere/keys.json" };
        await using var host = await AuthHost.StartAsync(new ChatOptions { Jwt = jwt });
        var token = TokenForge.Hs256("{}", header: """{"alg":"RS256"}""");
        using var answer = await host.SendAsync(HttpMethod.Get, "/me", ("Authorization", $"Bearer {token}"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("10", answer.Headers.RetryAfter!.ToString());
    }

    private (string, string) Bearer(string user) => ("Authorization", $"Bearer {_host.Token(user)}");

    /// <summary>Who was let in, or null for 401.</summary>
    private async Task<string?> Get(string path, params (string, string)[] headers)
    {
        using var answer = await _host.SendAsync(HttpMethod.Get, path, headers);
        if (answer.StatusCode == HttpStatusCode.Unauthorized)
            return null;
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadAsStringAsync();
    }

    private Task<(string Who, string? Protocol)> Open(string query, string? header = null, params string[] protocols) =>
        Open(query, header, _host, protocols);

    private static Task<(string Who, string? Protocol)> Open(string query, AuthHost host) => Open(query, null, host, []);

    private static async Task<(string Who, string? Protocol)> Open(string query, string? header, AuthHost host, string[] protocols)
    {
        using var socket = new ClientWebSocket();
        if (header is not null)
            socket.Options.SetRequestHeader("Authorization", $"Bearer {header}");
        foreach (var protocol in protocols)
            socket.Options.AddSubProtocol(protocol);
        await socket.ConnectAsync(new UriBuilder(host.Address) { Scheme = "ws", Path = "/ws", Query = query }.Uri, default);
        var received = await socket.ReceiveAsync(new ArraySegment<byte>(new byte[256]), default);
        Assert.Equal(WebSocketMessageType.Close, received.MessageType);
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, default);
        return (received.CloseStatusDescription!, socket.SubProtocol);
    }
}
