using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Chat.Host.Configuration;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Cluster;

/// <summary>Socket.IO by polling through a balancer that knows nothing of sessions: each request goes to another node than the one before.</summary>
[RequiresRedisAndPostgres]
public sealed class SocketIoCarrierTests(SocketIoCarrierTests.Addressed nodes) : IClassFixture<SocketIoCarrierTests.Addressed>
{
    private int _requests;

    [ContractFact]
    public async Task A_session_is_polled_and_posted_to_through_any_node()
    {
        var sid = await OpenAsync(nodes.A);
        Assert.Equal("ok", await PostAsync(sid, "40"));
        Assert.StartsWith("40{\"sid\":", await PollAsync(sid), StringComparison.Ordinal);
        await PostAsync(sid, """420["join_session",{"session_id":"carried","participant_id":"p1","nickname":"민수"}]""");
        var seen = new StringBuilder();
        while (!seen.ToString().Contains("joined_session", StringComparison.Ordinal))
        {
            seen.Append(await PollAsync(sid));
        }
        for (var i = 0; i < 6; i++)
        {
            await PostAsync(sid, $$"""42["send_message",{"message":"안녕 {{i}}"}]""");
        }
        while (!seen.ToString().Contains("안녕 5", StringComparison.Ordinal))
        {
            seen.Append(await PollAsync(sid));
        }
        // Each once, in order.
        var places = Enumerable.Range(0, 6).Select(i => seen.ToString().IndexOf($"안녕 {i}", StringComparison.Ordinal)).ToList();
        Assert.Equal(places.Order(), places);
        Assert.Equal(6, seen.ToString().Split("new_message").Length - 1);
    }

    [ContractFact]
    public async Task A_WebSocket_takes_over_through_any_node_and_its_end_is_told_on_both_sides()
    {
        var sid = await OpenAsync(nodes.A);
        Assert.Equal("ok", await PostAsync(sid, "40"));
        using var timeout = new CancellationTokenSource(NativeClient.Timeout);
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://{nodes.B.Address.Authority}/socket.io/?EIO=4&transport=websocket&sid={sid}"), timeout.Token);
        await SendAsync("2probe");
        Assert.Equal("3probe", await ReceiveAsync());
        await SendAsync("5");
        var large = new string('가', 500);
        await SendAsync("""420["join_session",{"session_id":"taken-over","participant_id":"p1","nickname":"민수"}]""");
        await SendAsync($$"""42["send_message",{"message":"{{large}}"}]""");
        while (!(await ReceiveAsync()).Contains(large, StringComparison.Ordinal))
        {
        }
        await nodes.A.Node.Gateway.AskAsync(new SessionId("taken-over"), new RemoveMember { Caller = Caller.Server, UserId = "p1" });
        while (await ReceiveAsync() is { Length: > 0 })
        {
        }
        Assert.Equal((1008, "Removed from the session"), ((int)socket.CloseStatus!, socket.CloseStatusDescription));

        Task SendAsync(string text) => socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, timeout.Token);

        async Task<string> ReceiveAsync()
        {
            var (buffer, length) = (new byte[64 * 1024], 0);
            while (true)
            {
                var read = await socket.ReceiveAsync(buffer.AsMemory(length), timeout.Token);
                length += read.Count;
                if (read.EndOfMessage)
                {
                    return Encoding.UTF8.GetString(buffer, 0, length);
                }
            }
        }
    }

    [ContractFact]
    public async Task What_the_protocol_refuses_is_refused_through_any_node()
    {
        var sid = await OpenAsync(nodes.A);
        using var tooLarge = await nodes.B.Http.PostAsync(At(sid), new StringContent("4" + new string('x', 100_000)));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLarge.StatusCode);
        using var binary = await nodes.B.Http.PostAsync(At(sid), new ByteArrayContent([1]) { Headers = { { "Content-Type", "application/octet-stream" } } });
        Assert.Equal(HttpStatusCode.BadRequest, binary.StatusCode);
        using var after = await nodes.B.Http.GetAsync(At(sid));
        Assert.Equal("""{"code":1,"message":"Session ID unknown"}""", await after.Content.ReadAsStringAsync());
    }

    [ContractFact]
    public async Task A_session_that_no_node_has_is_unknown_and_not_passed_to_and_fro()
    {
        var other = nodes.A.Node.Name[^8..];
        foreach (var sid in (string[])["none", "none." + other, "none.00000000", "." + other])
        {
            using var answer = await nodes.B.Http.GetAsync(At(sid));
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Equal("""{"code":1,"message":"Session ID unknown"}""", await answer.Content.ReadAsStringAsync());
        }
    }

    private static async Task<string> OpenAsync(TestServer server)
    {
        var open = await server.Http.GetStringAsync(new Uri("/socket.io/?EIO=4&transport=polling", UriKind.Relative));
        return JsonDocument.Parse(open[1..]).RootElement.GetProperty("sid").GetString()!;
    }

    private async Task<string> PostAsync(string sid, string body)
    {
        using var answer = await Next().Http.PostAsync(At(sid), new StringContent(body));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync();
    }

    private async Task<string> PollAsync(string sid)
    {
        var answer = await Next().Http.GetStringAsync(At(sid)).WaitAsync(NativeClient.Timeout);
        if (answer == "2")
        {
            await PostAsync(sid, "3");
        }
        return answer;
    }

    private TestServer Next() => _requests++ % 2 == 0 ? nodes.B : nodes.A;

    private static Uri At(string sid) => new($"/socket.io/?EIO=4&transport=polling&sid={sid}", UriKind.Relative);

    /// <summary>In development, so that anyone joins; each node announces where it is.</summary>
    public sealed class Addressed : TwoNodes
    {
        protected override ChatOptions Configure(ChatOptions options)
        {
            var port = ChatProcess.FreePort();
            return options with
            {
                Mode = ChatMode.Development,
                Service = options.Service with { Port = port },
                Cluster = options.Cluster with { Address = $"http://127.0.0.1:{port}" },
            };
        }
    }
}
