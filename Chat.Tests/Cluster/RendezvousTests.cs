using Chat.Actors.Cluster;

namespace Chat.Tests.Cluster;

public sealed class RendezvousTests
{
    private const int Sessions = 10_000;

    private static readonly string[] Five = [.. Enumerable.Range(0, 5).Select(i => $"chat-{i}-{i * 7919:x8}")];

    [Fact]
    public void Sessions_are_spread_evenly()
    {
        var homes = Names().GroupBy(session => Rendezvous.HomeOf(session, Five)!).ToDictionary(home => home.Key, home => home.Count());
        Assert.Equal(Five.Order(StringComparer.Ordinal), homes.Keys.Order(StringComparer.Ordinal));
        // 2,000 each with a standard deviation of 40.
        Assert.All(homes.Values, count => Assert.InRange(count, 1_800, 2_200));
    }

    [Fact]
    public void Names_that_differ_in_one_character_are_spread_evenly_too()
    {
        string[] nodes = ["node-1", "node-2", "node-3"];
        var homes = Names().GroupBy(session => Rendezvous.HomeOf(session, nodes)!).Select(home => home.Count());
        Assert.All(homes, count => Assert.InRange(count, 3_000, 3_700));
    }

    [Fact]
    public void A_node_that_goes_moves_its_own_sessions_only()
    {
        var four = Five[1..];
        Assert.All(Names(), session =>
        {
            var before = Rendezvous.HomeOf(session, Five);
            Assert.True(before == Five[0] || before == Rendezvous.HomeOf(session, four));
        });
    }

    [Fact]
    public void The_order_of_the_nodes_does_not_matter() =>
        Assert.All(Names().Take(500), session => Assert.Equal(Rendezvous.HomeOf(session, Five), Rendezvous.HomeOf(session, [.. Five.Reverse()])));

    /// <summary>Nodes of two versions must name the same home: what the hash gives is a contract.</summary>
    [Fact]
    public void Homes_stay_where_they_were_in_the_first_version() =>
        Assert.Equal(["b", "a", "c"], new[] { "sess_1", "room:lobby", "수업" }.Select(session => Rendezvous.HomeOf(session, ["a", "b", "c"])));

    [Fact]
    public void Without_nodes_there_is_no_home() => Assert.Null(Rendezvous.HomeOf("sess_1", []));

    private static IEnumerable<string> Names() => Enumerable.Range(0, Sessions).Select(i => $"sess_{i}");
}
