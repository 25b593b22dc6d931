using Chat.Actors.AkkaEngine;

namespace Chat.Tests.AkkaEngine;

/// <summary>Which of two clusters stays where a network has made two of one, and who begins one where none is.</summary>
public sealed class ClusterCareTests
{
    [Theory]
    [InlineData(true, false, 3, true, 3, 100, "None")]
    [InlineData(true, false, 2, true, 3, 100, "None")]
    [InlineData(true, true, 1, true, 3, 100, "JoinAgain")]
    [InlineData(true, true, 1, true, 3, 19, "None")]
    [InlineData(true, false, 1, false, 2, 100, "JoinAgain")]
    [InlineData(true, true, 1, true, 2, 100, "None")]
    [InlineData(true, true, 1, true, 1, 100, "None")]
    [InlineData(true, true, 1, true, 0, 100, "None")]
    [InlineData(false, true, 0, false, 3, 100, "Found")]
    [InlineData(false, true, 0, false, 3, 29, "None")]
    [InlineData(false, false, 0, false, 3, 100, "None")]
    public void The_larger_cluster_stays_and_the_first_seed_begins_one_where_none_is(bool isUp, bool isSeed, int members, bool hasSeed, int nodes, int seconds, string care) =>
        Assert.Equal(care, ClusterCares.Of(isUp, isSeed, members, hasSeed, nodes, TimeSpan.FromSeconds(seconds)).ToString());

    [Fact]
    public void Of_two_halves_exactly_one_gives_way()
    {
        for (var nodes = 2; nodes <= 9; nodes++)
        {
            for (var members = 1; members < nodes; members++)
            {
                Assert.True(ClusterCares.IsSmaller(members, hasSeed: true, nodes) ^ ClusterCares.IsSmaller(nodes - members, hasSeed: false, nodes));
            }
        }
    }
}
