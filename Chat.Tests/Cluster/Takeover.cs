using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;

namespace Chat.Tests.Cluster;

/// <summary>How long it takes until others do what a killed node did. Each leaves the cluster whole.</summary>
internal static class Takeover
{
    /// <summary>From the kill of a session's home to the next acknowledgement of a send through another node, which was connected before.</summary>
    public static async Task<TimeSpan> OfSendsAsync(TestCluster cluster, TestNode home)
    {
        var session = await cluster.SessionAtAsync(home, $"takeover-{Guid.NewGuid():N}");
        using var socket = await ConnectAsync(OtherThan(cluster, home), session);
        await AckAsync(socket, "before");
        await home.KillAsync();
        var killed = Stopwatch.GetTimestamp();
        await AckAsync(socket, "after");
        var taken = Stopwatch.GetElapsedTime(killed);
        await home.StartAsync();
        await cluster.JoinedAsync();
        return taken;
    }

    /// <summary>From the kill of the node that writes an answer to the answer's next token, read on another node.</summary>
    public static async Task<TimeSpan> OfAnAnswerAsync(TestCluster cluster, TestNode home)
    {
        var other = OtherThan(cluster, home);
        string session;
        do
        {
            session = (await other.SendAsync(HttpMethod.Post, "/api/chat/sessions", "kim", new { agent_id = 1 }))!.Value.GetProperty("session_id").GetString()!;
        }
        while (await cluster.HomeOfAsync(session) != home);
        using var socket = await ConnectAsync(other, session);
        await SendAsync(socket, new { type = "message", content = "go", metadata = new { echo = new { tokens = 400, rate = 50 } } });
        for (var chunks = 0; chunks < 10;)
        {
            chunks += await ReadAsync(socket) is ("stream_chunk", _) ? 1 : 0;
        }
        await home.KillAsync();
        var killed = Stopwatch.GetTimestamp();
        var taken = TimeSpan.Zero;
        // What was on its way from the killed node is not the next token: that comes when the run has another owner.
        for (var claimedAt = 0L; taken == TimeSpan.Zero;)
        {
            if (await ReadAsync(socket) is ("stream_chunk", var seq))
            {
                claimedAt = claimedAt > 0 ? claimedAt : (await cluster.LogAsync(session)).FirstOrDefault(e => e.Event is Chat.Protocol.RunClaimed)?.Seq ?? 0;
                taken = claimedAt > 0 && seq > claimedAt ? Stopwatch.GetElapsedTime(killed) : TimeSpan.Zero;
            }
        }
        await SendAsync(socket, new { type = "stop" });
        await home.StartAsync();
        await cluster.JoinedAsync();
        return taken;
    }

    private static TestNode OtherThan(TestCluster cluster, TestNode node) => cluster.Nodes.First(other => other != node);

    private static async Task<ClientWebSocket> ConnectAsync(TestNode node, string session)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(node.SocketUri($"/ws/{session}", "kim"), CancellationToken.None);
        return socket;
    }

    private static async Task AckAsync(ClientWebSocket socket, string id)
    {
        await SendAsync(socket, new { type = "message", content = id, client_message_id = id });
        while (await ReadAsync(socket) is not ("ack", _))
        {
        }
    }

    private static Task SendAsync(ClientWebSocket socket, object frame) =>
        socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(frame), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);

    private static async Task<(string Type, long Seq)> ReadAsync(ClientWebSocket socket)
    {
        using var patience = new CancellationTokenSource(TestCluster.Patience);
        var buffer = new byte[64 * 1024];
        var received = await socket.ReceiveAsync(buffer, patience.Token);
        using var frame = JsonDocument.Parse(buffer.AsMemory(0, received.Count));
        return (frame.RootElement.GetProperty("type").GetString()!, frame.RootElement.TryGetProperty("seq", out var seq) && seq.ValueKind == JsonValueKind.Number ? seq.GetInt64() : 0);
    }
}
