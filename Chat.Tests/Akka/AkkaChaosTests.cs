using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using System.Text.Json;
using Chat.Tests.Cluster;
using Chat.Tests.Support;
using Xunit.Abstractions;

namespace Chat.Tests.AkkaEngine;

/// <summary>What Akka.NET's failure detector and resolver are given in <c>hocon/cluster.conf</c>: soon enough for a node that is dead, and not too soon for one that is busy. <c>CHAT_CHAOS</c> says for how long.</summary>
[Collection("Processes")]
[RequiresCluster]
public sealed class AkkaChaosTests(ITestOutputHelper output)
{
    private const int Sessions = 30;

    [ContractFact]
    public async Task No_node_is_taken_for_dead_while_all_are_busy()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        await using var crowd = new Crowd(cluster, "soak", writers: 9, readers: 6);
        var end = DateTime.UtcNow + Chaos.Length;
        while (DateTime.UtcNow < end)
        {
            await crowd.ProgressAsync(100);
        }
        await crowd.ProgressOfAllAsync();
        Assert.All(cluster.Nodes, node => Assert.DoesNotContain("took this node for dead", node.Output, StringComparison.Ordinal));
        Assert.All(cluster.Nodes, node => Assert.DoesNotContain("Marking node as UNREACHABLE", node.Output, StringComparison.Ordinal));
        await cluster.JoinedAsync();
        await crowd.AuditAsync();
        output.Say($"{crowd.Acked} sends over 3 busy nodes, and none was taken for dead");
    }

    [ContractFact]
    public async Task Sessions_of_a_node_that_is_killed_are_written_to_again()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var times = new List<TimeSpan>();
        for (var kill = 0; kill < (Chaos.Wish is null ? 1 : 12); kill++)
        {
            times.Add(await KillAsync(cluster, cluster.Nodes[kill % 3], cluster.Nodes[(kill + 1) % 3], kill));
        }
        output.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"kill -9 of one of three nodes to the next acknowledged send in the last of {Sessions} sessions: median {times.Order().ElementAt(times.Count / 2).TotalSeconds:0.0} s, longest {times.Max().TotalSeconds:0.0} s of {times.Count}"));
    }

    /// <summary>Sends to sessions of all nodes through another one, which was connected to them before. Their shards are where they were placed, a third of them on each.</summary>
    private static async Task<TimeSpan> KillAsync(TestCluster cluster, TestNode node, TestNode other, int kill)
    {
        var sockets = new List<ClientWebSocket>();
        for (var i = 0; i < Sessions; i++)
        {
            var socket = new ClientWebSocket();
            sockets.Add(socket);
            await socket.ConnectAsync(other.SocketUri($"/ws/kill{kill}-{i}", "kim"), default);
            await SendAsync(socket, "before");
        }
        await node.KillAsync();
        var killed = Stopwatch.GetTimestamp();
        await Task.WhenAll(sockets.Select(socket => SendAsync(socket, "after")));
        var taken = Stopwatch.GetElapsedTime(killed);
        sockets.ForEach(socket => socket.Dispose());
        await node.StartAsync();
        await cluster.JoinedAsync();
        return taken;
    }

    /// <summary>Until it is acknowledged; one that was not in time is sent again.</summary>
    private static async Task SendAsync(ClientWebSocket socket, string id)
    {
        using var patience = new CancellationTokenSource(TestCluster.Patience);
        var buffer = new byte[64 * 1024];
        var frame = JsonSerializer.SerializeToUtf8Bytes(new { type = "message", content = id, client_message_id = id });
        await socket.SendAsync(frame, WebSocketMessageType.Text, endOfMessage: true, patience.Token);
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer, patience.Token);
            switch (JsonDocument.Parse(buffer.AsMemory(0, received.Count)).RootElement.GetProperty("type").GetString())
            {
                case "ack":
                    return;
                case "error":
                    await socket.SendAsync(frame, WebSocketMessageType.Text, endOfMessage: true, patience.Token);
                    break;
            }
        }
    }
}
