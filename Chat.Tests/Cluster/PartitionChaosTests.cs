using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using System.Text.Json;
using Chat.Protocol;
using Chat.Tests.Support;
using Xunit.Abstractions;

namespace Chat.Tests.Cluster;

/// <summary>Marks a class whose tests cut nodes off, which they do in <c>./test --chaos</c> only.</summary>
public sealed class RequiresNodeNetworksAttribute : RequiresAttribute
{
    public override string? Missing => TestEngine.IsAkka ? "Over Akka.NET nobody takes over the sessions of a member that has lost only its storage"
        : PostgresServer.Missing ?? RedisServer.Missing ?? (Chaos.Wish is null ? null : NodeNetworks.Missing);
}

/// <summary>A session's home is cut off from Redis, from PostgreSQL, from both, for less and for more than the registry's time to live (2 s).</summary>
[Collection("Processes")]
[RequiresNodeNetworks]
public sealed class PartitionChaosTests(ITestOutputHelper output)
{
    [ContractFact]
    public async Task Others_go_on_without_a_home_that_is_cut_off_and_it_comes_back()
    {
        if (Chaos.Wish is null)
        {
            return;
        }
        await using var cluster = await TestCluster.StartApartAsync(3);
        var members = Enumerable.Range(0, 3).SelectMany(i => new[] { $"writer{i}", $"reader{i}" }).Select(user => new { user_id = user, name = user });
        var created = (await cluster.Nodes[0].SendAsync(HttpMethod.Post, "/api/chat/sessions", "owner", new { members }))!.Value;
        var session = created.GetProperty("session_id").GetString()!;
        await using var crowd = new Crowd(cluster, session, writers: 0, readers: 3);
        for (var i = 0; i < 3; i++)
        {
            crowd.Add(new RoamingWriter(cluster, i, session, $"writer{i}", TimeSpan.FromMilliseconds(10)) { Stays = true });
        }
        await crowd.ProgressOfAllAsync();
        foreach (var peers in new[] { Peers.Redis, Peers.Postgres, Peers.Both })
        {
            foreach (var time in new[] { TimeSpan.FromMilliseconds(700), TimeSpan.FromSeconds(5) })
            {
                await CutAsync(cluster, crowd, session, peers, time);
            }
        }
        await crowd.AuditAsync();
    }

    /// <summary>Its clients wait for its time-outs (<c>storage.append-timeout</c>, 5 s), a few of which may follow each other, and go elsewhere.</summary>
    [ContractFact]
    public async Task A_node_that_is_cut_off_from_PostgreSQL_does_not_keep_its_clients_waiting()
    {
        if (Chaos.Wish is null)
        {
            return;
        }
        await using var cluster = await TestCluster.StartApartAsync(2);
        foreach (var node in cluster.Nodes)
        {
            // At home there: for another's, its home is asked, which has its storage.
            var session = await cluster.SessionAtAsync(node, "room:cut");
            await node.SendAsync(HttpMethod.Post, "/api/chat/sessions", "owner", new { room_id = session["room:".Length..] });
            using var within = await OpenAsync(node, session);
            await within.SendAsync(JsonSerializer.SerializeToUtf8Bytes(new { type = "message", content = "before", client_message_id = $"{node.Port}" }), WebSocketMessageType.Text, true, default);
            await ReadAsync(within, "ack");
            // One that came in at the very moment of that message may still be paging it, and without the log its socket would be closed.
            await Task.Delay(TimeSpan.FromSeconds(1));
            node.Cut(Peers.Postgres);
            var cut = Stopwatch.GetTimestamp();
            await within.SendAsync(JsonSerializer.SerializeToUtf8Bytes(new { type = "message", content = "cut off" }), WebSocketMessageType.Text, true, default);
            Assert.Equal("STORAGE_UNAVAILABLE", (await ReadAsync(within, "error")).GetProperty("code").GetString());
            var sent = Stopwatch.GetElapsedTime(cut);
            using var late = await OpenAsync(node, session);
            Assert.Equal(WebSocketMessageType.Close, (await late.ReceiveAsync(new byte[1000], default).WaitAsync(TestCluster.Patience)).MessageType);
            Assert.Equal(CloseCode.Overloaded, (int)late.CloseStatus!);
            var entered = Stopwatch.GetElapsedTime(cut) - sent;
            node.Mend(Peers.Postgres);
            output.Say(string.Create(CultureInfo.InvariantCulture, $"cut off from PostgreSQL, a send was refused after {sent.TotalMilliseconds:0} ms, a new socket after {entered.TotalMilliseconds:0} ms"));
            Assert.InRange(Math.Max(sent.TotalSeconds, entered.TotalSeconds), 0, 20);
            await TestCluster.UntilAsync(async () => await node.SendAsync(HttpMethod.Get, "/health/ready", "owner") is not null);
        }
    }

    private static async Task<ClientWebSocket> OpenAsync(TestNode node, string session)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(node.SocketUri($"/ws/{session}", "owner"), default).WaitAsync(TestCluster.Patience);
        return socket;
    }

    /// <summary>The next frame of the type.</summary>
    private static async Task<JsonElement> ReadAsync(ClientWebSocket socket, string type)
    {
        var buffer = new byte[10_000];
        while (true)
        {
            var frame = await socket.ReceiveAsync(buffer, default).WaitAsync(TestCluster.Patience);
            Assert.True(frame.MessageType == WebSocketMessageType.Text, $"closed with {socket.CloseStatus} {socket.CloseStatusDescription} instead of {type}");
            var json = JsonSerializer.Deserialize<JsonElement>(buffer.AsSpan(0, frame.Count));
            if (json.GetProperty("type").GetString() == type)
            {
                return json;
            }
        }
    }

    private async Task CutAsync(TestCluster cluster, Crowd crowd, string session, Peers peers, TimeSpan time)
    {
        var home = await cluster.HomeOfAsync(session);
        var others = crowd.Writers.Where(writer => writer.Node != home).ToList();
        home.Cut(peers);
        var cut = Stopwatch.GetTimestamp();
        await Task.WhenAll(Task.Delay(time), crowd.ProgressOfAsync(others, 10));
        if (time > TimeSpan.FromSeconds(2))
        {
            await TestCluster.UntilAsync(() => IsOutAsync(cluster, home, peers));
        }
        home.Mend(peers);
        var mended = Stopwatch.GetTimestamp();
        await crowd.ProgressOfAsync(crowd.Writers, 10);
        var all = Stopwatch.GetElapsedTime(mended);
        await cluster.JoinedAsync();
        output.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"home cut off from {peers} for {time.TotalMilliseconds:0} ms ({Stopwatch.GetElapsedTime(cut, mended).TotalMilliseconds:0}): after its return all wrote within {all.TotalMilliseconds:0} ms, all nodes were seen by all after {Stopwatch.GetElapsedTime(mended).TotalMilliseconds:0} ms"));
    }

    /// <summary>Those without Redis are gone to the others, those without PostgreSQL want no clients.</summary>
    private static async Task<bool> IsOutAsync(TestCluster cluster, TestNode home, Peers peers) =>
        (!peers.HasFlag(Peers.Redis) || cluster.Nodes.Where(node => node != home).All(node => node.Sees?.Split(", ").Length == 2))
        && (!peers.HasFlag(Peers.Postgres) || await home.SendAsync(HttpMethod.Get, "/health/ready", "owner") is null);
}
