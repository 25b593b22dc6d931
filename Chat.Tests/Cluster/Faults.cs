using System.Diagnostics;
using System.Globalization;
using Chat.Tests.Support;

namespace Chat.Tests.Cluster;

/// <summary>Draws what goes away next, and brings it back. Where the cluster's nodes have networks of their own, these can be cut too.</summary>
internal sealed class Faults(TestCluster cluster, Random random, Action<string> say)
{
    private readonly Dictionary<string, (int Count, TimeSpan Longest)> _kinds = new(StringComparer.Ordinal);

    public int Count => _kinds.Values.Sum(kind => kind.Count);

    /// <summary>Each kind, how often, and the longest that it took the others to go on.</summary>
    public IEnumerable<string> Figures => _kinds.OrderBy(kind => kind.Key, StringComparer.Ordinal)
        .Select(kind => string.Create(CultureInfo.InvariantCulture, $"{kind.Key}: {kind.Value.Count}, others went on within {kind.Value.Longest.TotalMilliseconds:0} ms"));

    /// <summary>One thing goes away, the others go on, it comes back.</summary>
    public async Task StrikeAsync(Func<Task> progress)
    {
        var node = cluster.Nodes[random.Next(cluster.Nodes.Count)];
        switch (random.Next(cluster.Networks is null ? 7 : 13))
        {
            case 0 or 1:
                Begin("kill -9", node);
                await node.KillAsync();
                await GoOnAsync("kill -9", progress);
                await node.StartAsync();
                break;
            case 2:
                Begin("stopped and continued", node);
                await node.PauseAsync();
                await Task.Delay(random.Next(3_000));
                await GoOnAsync("stopped and continued", progress);
                await node.ContinueAsync();
                break;
            case 3:
                Begin("leaves in order", node);
                var begun = Stopwatch.GetTimestamp();
                Assert.Equal(0, await node.StopAsync());
                say(string.Create(CultureInfo.InvariantCulture, $"it left within {Stopwatch.GetElapsedTime(begun).TotalMilliseconds:0} ms"));
                await GoOnAsync("leaves in order", progress);
                await node.StartAsync();
                break;
            case 4:
                Begin("Redis restarts");
                await cluster.Redis.StopAsync();
                await GoOnAsync("Redis restarts", progress);
                await cluster.Redis.StartAgainAsync();
                break;
            case 5:
                Begin("Redis stands still");
                await cluster.Redis.PauseAsync();
                await GoOnAsync("Redis stands still", progress);
                await cluster.Redis.ContinueAsync();
                break;
            case 6:
                Begin("PostgreSQL restarts");
                await cluster.Postgres.StopAsync();
                await Task.Delay(random.Next(500));
                await cluster.Postgres.StartAgainAsync();
                await GoOnAsync("PostgreSQL restarts", progress);
                break;
            default:
                await CutAsync(node, TestEngine.IsAkka ? Peers.Redis : (Peers)random.Next(1, 4), TimeSpan.FromMilliseconds(random.Next(500, 6_000)), progress);
                break;
        }
    }

    /// <summary>
    /// Clients reach the node all the time. It is back when so long has passed and the others have gone on. Over Akka.NET it keeps its PostgreSQL: nobody takes over the
    /// sessions of a member of the cluster that has lost only its storage.
    /// </summary>
    private async Task CutAsync(TestNode node, Peers peers, TimeSpan time, Func<Task> progress)
    {
        var kind = $"cut off from {peers switch { Peers.Redis => "Redis", Peers.Postgres => "PostgreSQL", _ => "both" }}";
        Begin(string.Create(CultureInfo.InvariantCulture, $"{kind} for {time.TotalMilliseconds:0} ms"), node);
        node.Cut(peers);
        await Task.WhenAll(Task.Delay(time), GoOnAsync(kind, progress));
        node.Mend(peers);
    }

    private void Begin(string what, TestNode? node = null) => say(node is null ? what : $"{what}: {node}");

    private async Task GoOnAsync(string kind, Func<Task> progress)
    {
        var begun = Stopwatch.GetTimestamp();
        await progress();
        var taken = Stopwatch.GetElapsedTime(begun);
        var (count, longest) = _kinds.GetValueOrDefault(kind);
        _kinds[kind] = (count + 1, taken > longest ? taken : longest);
    }
}
