using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json;
using Chat.Host.Auth;
using Chat.Host.Configuration;
using Chat.Protocol;
using Chat.Tests.Cli;
using Chat.Tests.Support;

namespace Chat.Tests.Cluster;

/// <summary>Clients that know nothing but the balancer, while nodes behind it stop in order and come back.</summary>
[Collection("Processes")]
[RequiresRunCluster]
public sealed class BehindBalancerTests(ThreeNodes fixture) : IClassFixture<ThreeNodes>, IAsyncLifetime
{
    private TestCluster Cluster => fixture.Cluster;

    public Task InitializeAsync() => Cluster is null ? Task.CompletedTask : fixture.RestoreAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [ContractFact]
    public async Task A_node_drains_and_comes_back_and_clients_see_no_more_of_it_than_closed_sockets()
    {
        await using var balancer = await HaProxy.StartAsync(Cluster.Nodes.Select(node => node.Port));
        using var stop = new CancellationTokenSource();
        var faults = new ConcurrentQueue<string>();
        var session = await CreateSessionAsync();
        var sockets = Enumerable.Range(0, 6).Select(i => new SocketClient(balancer.Address, session, $"socket{i}", faults)).ToList();
        var requests = Enumerable.Range(0, 3).Select(i => new RequestClient(balancer.Address, session, $"request{i}", faults)).ToList();
        IReadOnlyList<Client> clients = [.. sockets, .. requests, new Newcomer(balancer.Address, session, faults)];
        var running = clients.Select(client => client.RunAsync(stop.Token)).ToList();
        await ProgressAsync();

        // One is ordered through another or by itself, as the balancer chooses; so is the next, which has a node that came back beside it.
        foreach (var node in Cluster.Nodes.Take(2))
        {
            var closed = sockets.Sum(socket => socket.CloseCodes.Count);
            var name = (await NodesAsync()).Single(n => n.Value.Port == node.Port).Key;
            Assert.Equal(HttpStatusCode.Accepted, await DrainAsync(name));
            await TestCluster.UntilAsync(async () => !(await NodesAsync()).ContainsKey(name));
            // The signal comes to what ends anyway and brings the exit code.
            Assert.Equal(0, await node.StopAsync());
            await ProgressAsync();
            // leastconn had given it its share.
            Assert.True(sockets.Sum(socket => socket.CloseCodes.Count) > closed);

            await node.StartAsync();
            await Cluster.JoinedAsync();
            // It has the fewest sockets: new ones come to it as soon as the balancer has seen it.
            await TestCluster.UntilAsync(async () =>
            {
                using var socket = await OpenAsync(balancer.Address, session, "owner");
                return (await NodesAsync()).Values.Any(n => n.Port == node.Port && n.Connections > 0);
            });
            await ProgressAsync();
        }
        await stop.CancelAsync();
        await Task.WhenAll(running);

        Assert.Empty(faults);
        Assert.All(sockets.SelectMany(socket => socket.CloseCodes), code => Assert.Equal(CloseCode.Draining, code));
        var log = await Cluster.LogAsync(session);
        Assert.Equal(Enumerable.Range(1, log.Count).Select(i => (long)i), log.Select(e => e.Seq));
        var posts = log.Where(e => e.Event is MessagePosted).ToDictionary(e => ((MessagePosted)e.Event!).Content, e => e.Seq);
        Assert.All(clients.SelectMany(client => client.Acked), ack => Assert.Equal(ack.Seq, posts.GetValueOrDefault(ack.Content)));
        var expected = Transcript.OfLog(log);
        Assert.All(sockets, socket => Assert.Equal(expected.Take(socket.Lines.Count), socket.Lines));

        async Task ProgressAsync()
        {
            var before = clients.Select(client => client.Progress).ToList();
            await TestCluster.UntilAsync(
                async () =>
                {
                    foreach (var ended in running.Where(task => task.IsFaulted))
                    {
                        await ended;
                    }
                    Assert.Empty(faults);
                    return clients.Zip(before).All(c => c.First.Progress > c.Second + 2);
                },
                () => string.Join('\n', Cluster.Nodes.Select(node => $"--- {node}\n{node.Output}")));
        }

        async Task<Dictionary<string, (int Port, int Connections)>> NodesAsync()
        {
            using var http = Operator(balancer.Address);
            var status = await http.GetFromJsonAsync<JsonElement>(new Uri("/api/admin/cluster", UriKind.Relative));
            return status.GetProperty("nodes").EnumerateArray().ToDictionary(
                n => n.Text("name"), n => (new Uri(n.Text("address")).Port, n.GetProperty("report") is { ValueKind: JsonValueKind.Object } report ? report.GetProperty("connections").GetInt32() : 0));
        }

        async Task<HttpStatusCode> DrainAsync(string name)
        {
            using var http = Operator(balancer.Address);
            using var answer = await http.PostAsync(new Uri($"/api/admin/cluster/nodes/{name}/drain", UriKind.Relative), null);
            return answer.StatusCode;
        }
    }

    private async Task<string> CreateSessionAsync()
    {
        var members = Enumerable.Range(0, 6).SelectMany(i => new[] { $"socket{i}", $"request{i}" }).Select(user => new { user_id = user, name = user });
        return (await Cluster.Nodes[0].SendAsync(HttpMethod.Post, "/api/chat/sessions", "owner", new { members }))!.Value.Text("session_id");
    }

    private static HttpClient Operator(Uri balancer)
    {
        var http = new HttpClient { BaseAddress = balancer };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Bearer", new TokenIssuer(new JwtOptions(), TimeProvider.System).Issue("ops", null, Roles.Admin, TimeSpan.FromHours(1)));
        return http;
    }

    /// <exception cref="WebSocketException">The balancer has refused.</exception>
    private static async Task<ClientWebSocket> OpenAsync(Uri balancer, string session, string user, long? since = null)
    {
        var socket = new ClientWebSocket();
        try
        {
            using var patience = new CancellationTokenSource(TestCluster.Patience);
            await socket.ConnectAsync(new Uri($"ws://{balancer.Authority}/ws/{session}{NativeClient.Query(ChatProcess.DevelopmentToken(user), since)}"), patience.Token);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Does one thing after the other until it is stopped; what it should not have seen goes to the faults.</summary>
    private abstract class Client(string name, ConcurrentQueue<string> faults)
    {
        private readonly ConcurrentQueue<(string Content, long Seq)> _acked = new();

        public IReadOnlyCollection<(string Content, long Seq)> Acked => _acked;

        public int Progress { get; private set; }

        protected string Name => name;

        /// <summary>Of the next message.</summary>
        protected string Content => $"{name}-{_acked.Count}";

        public async Task RunAsync(CancellationToken stop)
        {
            await Task.Yield();
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    await StepAsync(stop);
                    Progress++;
                }
                catch (Exception e) when (e is WebSocketException or HttpRequestException or IOException or OperationCanceledException)
                {
                    if (!stop.IsCancellationRequested)
                    {
                        faults.Enqueue($"{DateTime.UtcNow:HH:mm:ss.fff} {Content}: {e.GetBaseException()}");
                    }
                }
            }
        }

        protected abstract Task StepAsync(CancellationToken stop);

        protected void Note(long seq)
        {
            _acked.Enqueue((Content, seq));
            Progress++;
        }
    }

    /// <summary>Writes one message after the other and reads everything; a closed socket is followed by the next one at once.</summary>
    private sealed class SocketClient(Uri balancer, string session, string name, ConcurrentQueue<string> faults) : Client(name, faults)
    {
        private readonly byte[] _buffer = new byte[64 * 1024];
        private readonly Transcript _transcript = new();

        public ConcurrentQueue<int> CloseCodes { get; } = new();

        public List<string> Lines => _transcript.Lines;

        /// <summary>From a socket's handshake to its close.</summary>
        protected override async Task StepAsync(CancellationToken stop)
        {
            using var socket = await OpenAsync(balancer, session, Name, _transcript.Cursor);
            while (true)
            {
                var content = Content;
                var message = JsonSerializer.SerializeToUtf8Bytes(new { type = "message", content, client_message_id = content });
                await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, stop);
                while (content == Content)
                {
                    if (await ReceiveAsync(socket, stop) is not { } frame)
                    {
                        CloseCodes.Enqueue((int)socket.CloseStatus!);
                        return;
                    }
                    _transcript.Add(frame);
                    if (frame.Type == "ack" && frame.Text("client_message_id") == content)
                    {
                        Note(frame.Seq!.Value);
                    }
                }
                await Task.Delay(20, stop);
            }
        }

        private async Task<NativeFrame?> ReceiveAsync(ClientWebSocket socket, CancellationToken stop)
        {
            var length = 0;
            while (true)
            {
                var received = await socket.ReceiveAsync(_buffer.AsMemory(length), stop);
                length += received.Count;
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    return null;
                }
                if (received.EndOfMessage)
                {
                    return new NativeFrame(_buffer[..length]);
                }
            }
        }
    }

    /// <summary>Writes over REST and reads what it wrote, on a connection that it keeps.</summary>
    private sealed class RequestClient : Client
    {
        private readonly HttpClient _http;
        private readonly Uri _messages;

        public RequestClient(Uri balancer, string session, string name, ConcurrentQueue<string> faults)
            : base(name, faults)
        {
            _messages = new Uri(balancer, $"/api/chat/sessions/{session}/messages");
            _http = new HttpClient();
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ChatProcess.DevelopmentToken(name));
        }

        protected override async Task StepAsync(CancellationToken stop)
        {
            long seq;
            try
            {
                using var sent = await _http.PostAsJsonAsync(_messages, new { content = Content, client_message_id = Content }, CancellationToken.None);
                sent.EnsureSuccessStatusCode();
                seq = (await sent.Content.ReadFromJsonAsync<JsonElement>(CancellationToken.None)).Number("seq");
            }
            catch (HttpRequestException e) when (e.StatusCode == HttpStatusCode.BadGateway || e.HttpRequestError == HttpRequestError.ResponseEnded)
            {
                // It may have been stored as its node stopped: the balancer leaves it to the client, which sends it again under the same name.
                return;
            }
            using var page = await _http.GetAsync(_messages, CancellationToken.None);
            page.EnsureSuccessStatusCode();
            Note(seq);
            await Task.Delay(10, stop);
        }
    }

    /// <summary>Comes, looks, and goes.</summary>
    private sealed class Newcomer(Uri balancer, string session, ConcurrentQueue<string> faults) : Client("owner", faults)
    {
        protected override async Task StepAsync(CancellationToken stop)
        {
            using var socket = await OpenAsync(balancer, session, Name);
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, stop);
            await Task.Delay(10, stop);
        }
    }
}
