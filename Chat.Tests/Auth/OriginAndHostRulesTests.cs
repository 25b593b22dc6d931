using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json;
using Chat.Host.Configuration;

namespace Chat.Tests.Auth;

public sealed class OriginAndHostRulesTests : IAsyncLifetime
{
    private const string Cross = "http://localhost:9060";
    private const string Foreign = "https://evil.net";

    private AuthHost _host = null!;

    public async Task InitializeAsync() =>
        _host = await AuthHost.StartAsync(new ChatOptions { Service = new() { Origins = ["https://chat.example.com"], CorsOrigins = [Cross] } });

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task A_strange_host_gets_400()
    {
        using var answer = await _host.SendAsync(HttpMethod.Get, "/open", ("Host", "evil.net"));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("BAD_FIELD", (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    public async Task Writes_are_judged_by_their_origin(string method)
    {
        var write = new HttpMethod(method);
        var token = ("Authorization", $"Bearer {_host.Token("kim")}");
        Assert.Equal(HttpStatusCode.OK, await Status(write, "/write", token));
        Assert.Equal(HttpStatusCode.OK, await Status(write, "/write", token, ("Origin", Cross)));
        Assert.Equal(HttpStatusCode.OK, await Status(write, "/write", token, ("Origin", "https://chat.example.com")));
        Assert.Equal(HttpStatusCode.OK, await Status(write, "/write", token, ("Origin", _host.Address.GetLeftPart(UriPartial.Authority))));
        Assert.Equal(HttpStatusCode.Forbidden, await Status(write, "/write", token, ("Origin", Foreign)));
        Assert.Equal(HttpStatusCode.Forbidden, await Status(write, "/write", token, ("Origin", "null")));
        Assert.Equal(HttpStatusCode.Forbidden, await Status(write, "/write", token, ("Origin", "http://127.0.0.1:1")));
        Assert.Equal(HttpStatusCode.Forbidden, await Status(write, "/write", token, ("Origin", Cross), ("Origin", Foreign)));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData(Cross, true)]
    [InlineData(Foreign, false)]
    [InlineData("null", false)]
    public async Task Handshakes_are_judged_by_their_origin(string? origin, bool accepted)
    {
        using var socket = new ClientWebSocket();
        if (origin is not null)
            socket.Options.SetRequestHeader("Origin", origin);
        var address = new UriBuilder(_host.Address) { Scheme = "ws", Path = "/ws" }.Uri;
        if (accepted)
        {
            await socket.ConnectAsync(address, default);
            return;
        }
        socket.Options.CollectHttpResponseDetails = true;
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(address, default));
        Assert.Equal(HttpStatusCode.Forbidden, socket.HttpStatusCode);
    }

    [Fact]
    public async Task A_read_from_a_foreign_page_passes_and_stays_hidden_from_it()
    {
        using var answer = await _host.SendAsync(HttpMethod.Get, "/open", ("Origin", Foreign));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.DoesNotContain(answer.Headers, header => header.Key.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
        Assert.Contains("Origin", answer.Headers.Vary);
        // Engine.IO begins a session with a read.
        Assert.Equal(HttpStatusCode.Forbidden, await Status(HttpMethod.Get, "/socket.io/?EIO=4", ("Origin", Foreign)));
        Assert.Equal(HttpStatusCode.OK, await Status(HttpMethod.Get, "/socket.io/?EIO=4"));
    }

    [Theory]
    [InlineData("/open", HttpStatusCode.OK)]
    [InlineData("/me", HttpStatusCode.Unauthorized)]
    [InlineData("/nowhere", HttpStatusCode.NotFound)]
    [InlineData("/fault", HttpStatusCode.InternalServerError)]
    public async Task A_page_that_may_call_can_read_every_answer(string path, HttpStatusCode status)
    {
        using var answer = await _host.SendAsync(HttpMethod.Get, path, ("Origin", Cross));
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(Cross, answer.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("true", answer.Headers.GetValues("Access-Control-Allow-Credentials").Single());
        Assert.Equal("Retry-After, Content-Disposition", answer.Headers.GetValues("Access-Control-Expose-Headers").Single());
        Assert.Contains("Origin", answer.Headers.Vary);
    }

    [Fact]
    public async Task A_preflight_is_answered_for_pages_that_may_call_only()
    {
        using var allowed = await Preflight(Cross);
        Assert.Equal(HttpStatusCode.NoContent, allowed.StatusCode);
        Assert.Equal(Cross, allowed.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("GET, HEAD, POST, PUT, PATCH, DELETE", string.Join(", ", allowed.Headers.GetValues("Access-Control-Allow-Methods")));
        Assert.Equal(
            "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, traceparent",
            string.Join(", ", allowed.Headers.GetValues("Access-Control-Allow-Headers")));

        using var refused = await Preflight(Foreign);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.False(refused.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task Pages_get_a_strict_policy_and_the_docs_a_looser_one()
    {
        using var page = await _host.SendAsync(HttpMethod.Get, "/open");
        Assert.Equal("no-referrer", page.Headers.GetValues("Referrer-Policy").Single());
        var policy = page.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("default-src 'self'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);

        using var docs = await _host.SendAsync(HttpMethod.Get, "/docs/index.html");
        Assert.Contains("'unsafe-inline'", docs.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    private Task<HttpResponseMessage> Preflight(string origin) =>
        _host.SendAsync(
            HttpMethod.Options, "/write", ("Origin", origin), ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization"));

    private async Task<HttpStatusCode> Status(HttpMethod method, string path, params (string, string)[] headers)
    {
        using var answer = await _host.SendAsync(method, path, headers);
        return answer.StatusCode;
    }
}
