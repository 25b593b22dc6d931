using System.Diagnostics;
using System.Globalization;
using Chat.Tests.Support;
using Xunit.Abstractions;

namespace Chat.Tests.Cluster;

/// <summary>Marks a class whose tests cut nodes off, which they do in <c>./test --chaos</c> only.</summary>
public sealed class RequiresNodeNetworksAttribute : RequiresAttribute
{
    public override string? Missing => PostgresServer.Missing ?? RedisServer.Missing ?? (Chaos.Wish is null ? null : NodeNetworks.Missing);
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
