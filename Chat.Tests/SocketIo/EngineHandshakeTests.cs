using System.Net;
using System.Net.WebSockets;
using System.Text.Json;
using Chat.Host.SocketIo.Engine;

namespace Chat.Tests.SocketIo;

/// <summary>Requests that are no session yet, and those that name none.</summary>
public sealed class EngineHandshakeTests
{
    [Theory]
    [InlineData("GET", "EIO=4", 0, "Transport unknown")]
    [InlineData("GET", "EIO=4&transport=carrier", 0, "Transport unknown")]
    [InlineData("GET", "EIO=4&transport=polling&transport=polling", 0, "Transport unknown")]
    [InlineData("GET", "EIO=4&transport=polling&sid=nobody", 1, "Session ID unknown")]
    [InlineData("GET", "EIO=4&transport=polling&sid=", 1, "Session ID unknown")]
    [InlineData("POST", "EIO=4&transport=polling", 2, "Bad handshake method")]
    [InlineData("PUT", "EIO=4&transport=polling", 2, "Bad handshake method")]
    [InlineData("OPTIONS", "EIO=4&transport=polling", 2, "Bad handshake method")]
    [InlineData("GET", "EIO=4&transport=websocket", 3, "Bad request")]
    [InlineData("GET", "EIO=4&transport=polling&j=0", 3, "Bad request")]
    [InlineData("GET", "transport=polling", 5, "Unsupported protocol version")]
    [InlineData("GET", "EIO=3&transport=polling", 5, "Unsupported protocol version")]
    [InlineData("GET", "EIO=abc&transport=polling", 5, "Unsupported protocol version")]
    [InlineData("GET", "EIO=3&transport=websocket", 5, "Unsupported protocol version")]
    public async Task A_bad_request_is_told_why(string method, string query, int code, string message)
    {
        await using var host = await SocketIoHost.StartAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), $"/engine.io/?{query}");
        using var response = await host.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal($$"""{"code":{{code}},"message":"{{message}}"}""", await response.Content.ReadAsStringAsync());
        Assert.Equal(0, host.Engine.Count);
    }

    [Theory]
    [InlineData("EIO=3&transport=websocket")]
    [InlineData("EIO=4&transport=websocket&sid=nobody")]
    [InlineData("EIO=4&transport=polling")]
    public async Task A_bad_WebSocket_handshake_gets_400(string query)
    {
        await using var host = await SocketIoHost.StartAsync();
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new Uri($"ws://{host.Address.Authority}/engine.io/?{query}"), CancellationToken.None));
        Assert.Equal(HttpStatusCode.BadRequest, socket.HttpStatusCode);
    }

    [Theory]
    [InlineData("/engine.io")]
    [InlineData("/engine.io/")]
    public async Task A_handshake_tells_the_terms(string path)
    {
        await using var host = await SocketIoHost.StartAsync(new EngineOptions
        {
            PingInterval = TimeSpan.FromMilliseconds(300),
            PingTimeout = TimeSpan.FromMilliseconds(200),
            MaxPayload = 1000,
        });
        using var response = await host.Http.GetAsync($"{path}?EIO=4&transport=polling");
        Assert.Equal("text/plain; charset=UTF-8", response.Content.Headers.GetValues("Content-Type").Single());
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
        var body = await response.Content.ReadAsStringAsync();
        using var json = JsonDocument.Parse(body.AsMemory(1));
        var sid = json.RootElement.GetProperty("sid").GetString();
        Assert.Matches("^[A-Za-z0-9_-]{24}$", sid);
        Assert.Equal($$"""0{"sid":"{{sid}}","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,"maxPayload":1000}""", body);
    }

    [Fact]
    public async Task CORS_is_answered_where_it_is_asked_for()
    {
        await using var host = await SocketIoHost.StartAsync(new EngineOptions { AllowOrigin = "*" });
        using var preflight = new HttpRequestMessage(HttpMethod.Options, "/engine.io/?EIO=4&transport=polling");
        preflight.Headers.Add("Access-Control-Request-Headers", "content-type");
        using var allowed = await host.Http.SendAsync(preflight);
        Assert.Equal(HttpStatusCode.NoContent, allowed.StatusCode);
        Assert.Equal("content-type", allowed.Headers.GetValues("Access-Control-Allow-Headers").Single());
        using var refused = await host.Http.GetAsync("/engine.io/?EIO=4");
        Assert.Equal("*", refused.Headers.GetValues("Access-Control-Allow-Origin").Single());
    }

    [Fact]
    public async Task Admission_is_asked_once_for_each_session_and_given_back_at_its_end()
    {
        var (asked, released) = (0, 0);
        await using var host = await SocketIoHost.StartAsync(new EngineOptions
        {
            Admit = context => Interlocked.Increment(ref asked) > 2 ? EngineAdmission.Refuse(503) : EngineAdmission.Accept(context.Request.Headers.UserAgent.ToString()),
            Release = _ => Interlocked.Increment(ref released),
        });
        host.Http.DefaultRequestHeaders.UserAgent.ParseAdd("tests/1");
        var polling = await PollingClient.OpenAsync(host);
        Assert.Equal("tests/1", host.Sessions.Single().Handshake);
        Assert.Equal(IPAddress.Loopback, host.Sessions.Single().RemoteAddress!.MapToIPv4());
        using var upgrade = await EngineSocket.ConnectAsync(host, sid: polling.Sid);
        await upgrade.SendAsync("2probe");
        Assert.Equal("3probe", await upgrade.ReadAsync());
        using var socket = await EngineSocket.ConnectAsync(host);
        using var refused = await host.Http.GetAsync("/engine.io/?EIO=4&transport=polling");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal((3, 0, 2), (asked, released, host.Engine.Count));

        await socket.CloseAsync();
        await SocketIoHost.UntilAsync(() => Volatile.Read(ref released) == 1);
        Assert.Equal("200 ok", await polling.PostAsync("1"));
        Assert.Equal("200 6", await polling.PollAsync());
        await SocketIoHost.UntilAsync(() => Volatile.Read(ref released) == 2 && host.Engine.Count == 0);
    }

    [Fact]
    public async Task A_server_that_drains_closes_all_and_takes_no_more()
    {
        await using var host = await SocketIoHost.StartAsync();
        using var socket = await EngineSocket.ConnectAsync(host);
        var waiting = await PollingClient.OpenAsync(host);
        var poll = await waiting.WaitAsync();
        var away = await PollingClient.OpenAsync(host);
        host.Sessions.Last().SendText("last"u8);
        var upgrading = await PollingClient.OpenAsync(host);
        using var probe = await EngineSocket.ConnectAsync(host, sid: upgrading.Sid);

        host.Engine.CloseAll(1012, "The server is stopping");
        Assert.Equal("close 1012 The server is stopping", await socket.ReadAsync());
        Assert.Equal("close 1012 The server is stopping", await probe.ReadAsync());
        Assert.Equal("200 1", await poll);
        Assert.Equal("200 4last\u001e1", await away.PollAsync());
        Assert.Equal("""400 {"code":1,"message":"Session ID unknown"}""", await away.PollAsync());
        Assert.Equal("200 1", await upgrading.PollAsync());
        using var refused = await host.Http.GetAsync("/engine.io/?EIO=4&transport=polling");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        await SocketIoHost.UntilAsync(() => host.Engine.Count == 0);
        Assert.All(host.Ends, reason => Assert.Equal(EngineEndReason.ClosedByServer, reason));
    }
}
