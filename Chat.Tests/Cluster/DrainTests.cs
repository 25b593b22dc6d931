using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text.Json;
using Chat.Host.Auth;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Cluster;

/// <summary>The real program, told to stop.</summary>
public sealed class DrainTests
{
    [Fact]
    public async Task A_stop_is_red_at_once_stays_alive_and_closes_sockets_one_after_the_other()
    {
        await using var server = await ChatProcess.ServeAsync(new Dictionary<string, string> { ["SERVICE_PORT"] = "0" }, "--mode", "development", "--set", "chat.service.drain-time=3s");
        using var http = new HttpClient { BaseAddress = server.Address };
        var sockets = new List<ClientWebSocket>();
        // 200 a second would go at once: these take a second.
        for (var i = 0; i < 200; i++)
        {
            sockets.Add(await OpenAsync(server, $"/ws/s{i % 10}?token=test-token"));
        }
        var engine = await OpenAsync(server, "/socket.io/?EIO=4&transport=websocket");
        var clock = Stopwatch.StartNew();
        var closes = sockets.Append(engine).Select(async socket => (Code: await CloseCodeAsync(socket), At: clock.Elapsed)).ToList();

        var stopping = server.StopAsync();
        await Eventually.TrueAsync(async () => (await http.GetAsync("/health/ready")).StatusCode == HttpStatusCode.ServiceUnavailable);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/health/live")).StatusCode);
        var refused = await Assert.ThrowsAsync<WebSocketException>(() => OpenAsync(server, "/ws/late?token=test-token"));
        Assert.Contains("503", refused.Message, StringComparison.Ordinal);

        Assert.Equal(0, await stopping);
        var ends = await Task.WhenAll(closes);
        Assert.All(ends, end => Assert.Equal(CloseCode.Draining, end.Code));
        Assert.InRange(ends.Max(end => end.At) - ends.Min(end => end.At), TimeSpan.FromSeconds(0.6), TimeSpan.FromSeconds(4));
    }

    private static async Task<ClientWebSocket> OpenAsync(ChatProcess server, string path)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://{server.Address.Authority}{path}"), default);
        return socket;
    }

    private static async Task<int?> CloseCodeAsync(ClientWebSocket socket)
    {
        using var timeout = new CancellationTokenSource(NativeClient.Timeout);
        var buffer = new byte[4096];
        try
        {
            while ((await socket.ReceiveAsync(buffer, timeout.Token)).MessageType != WebSocketMessageType.Close)
            {
            }
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, timeout.Token);
        }
        catch (WebSocketException)
        {
            // Told by the status.
        }
        return (int?)socket.CloseStatus;
    }
}

/// <summary>What operators see and do over nodes.</summary>
[RequiresRedisAndPostgres]
public sealed class ClusterOperationTests(TwoNodes nodes) : IClassFixture<TwoNodes>
{
    [ContractFact]
    public async Task Every_node_shows_all_of_them_to_admins()
    {
        var session = await nodes.A.CreateSessionAsync("mina");
        await using var mina = await NativeClient.ConnectAsync(nodes.B, session, "mina");
        await mina.PostAsync("hello");

        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(nodes.A, Roles.None, HttpMethod.Get, "")).Status);
        var (status, body) = await SendAsync(nodes.A, Roles.Admin, HttpMethod.Get, "");

        Assert.Equal(HttpStatusCode.OK, status);
        var seen = body.GetProperty("nodes").EnumerateArray().ToDictionary(node => node.GetProperty("name").GetString()!);
        Assert.Equal(new[] { nodes.A.Node.Name, nodes.B.Node.Name }.Order(), seen.Keys.Order());
        var b = seen[nodes.B.Node.Name].GetProperty("report");
        Assert.Equal(1, b.GetProperty("connections").GetInt32());
        Assert.True(b.GetProperty("bus_is_up").GetBoolean());
        Assert.InRange(b.GetProperty("bus_lag_ms").GetDouble(), 0, 1000);
        Assert.True(b.GetProperty("commits").GetInt64() > 0);
        Assert.Equal(1, seen.Values.Sum(node => node.GetProperty("report").GetProperty("sessions_homed").GetInt32()));
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(nodes.A, Roles.Admin, HttpMethod.Post, "/nodes/nobody/drain")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(nodes.A, Roles.None, HttpMethod.Post, $"/nodes/{nodes.B.Node.Name}/drain")).Status);
    }

    [ContractFact]
    public async Task The_command_line_shows_nodes_and_stops_one_through_another()
    {
        await using var third = await ChatProcess.ServeAsync(
            new Dictionary<string, string> { ["SERVICE_PORT"] = "0", ["REDIS_URL"] = nodes.Redis.Url, ["DATABASE_URL"] = nodes.A.Options.Storage.DatabaseUrl!, ["JWT_SECRET_KEY"] = TestServer.Secret },
            "--mode", "development");
        await Eventually.TrueAsync(() => nodes.A.Node.Nodes.Count == 3);
        var environment = new Dictionary<string, string> { ["JWT_SECRET_KEY"] = TestServer.Secret };
        string[] at = ["--mode", "development", "--address", nodes.A.Address.GetLeftPart(UriPartial.Authority)];

        var status = await ChatProcess.RunAsync(environment, ["cluster", "status", .. at]);
        Assert.Equal((0, ""), (status.Code, status.Error));
        Assert.Equal(4, status.Output.TrimEnd().Split('\n').Length);
        var name = nodes.A.Node.Nodes.Select(node => node.Name).Single(name => name != nodes.A.Node.Name && name != nodes.B.Node.Name);
        Assert.Contains(name, status.Output, StringComparison.Ordinal);
        Assert.Equal(1, (await ChatProcess.RunAsync(environment, ["cluster", "drain", "nobody", .. at])).Code);

        Assert.Equal(0, (await ChatProcess.RunAsync(environment, ["cluster", "drain", name, .. at])).Code);
        Assert.Equal(0, await third.EndedAsync());
        await Eventually.TrueAsync(() => nodes.A.Node.Nodes.Count == 2);
    }

    private static async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(TestServer server, Roles roles, HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, "/api/admin/cluster" + path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", server.Token("ops", roles));
        using var answer = await server.Http.SendAsync(request);
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return (answer.StatusCode, body.RootElement.Clone());
    }
}
