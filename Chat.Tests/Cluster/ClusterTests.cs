using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Cluster;

/// <summary>Three nodes for a class of tests; those that a test has taken away are brought back.</summary>
public sealed class ThreeNodes : IAsyncLifetime
{
    public TestCluster Cluster { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        if (new RequiresClusterAttribute().Missing is null)
        {
            Cluster = await TestCluster.StartAsync(3);
        }
    }

    public async Task DisposeAsync()
    {
        if (Cluster is not null)
        {
            await Cluster.DisposeAsync();
        }
    }

    public async Task RestoreAsync()
    {
        // Also what a test that failed has left as it was.
        await Cluster.Redis.RestoreAsync();
        await Task.WhenAll(Cluster.Nodes.Select(node => node.IsRunning ? node.ContinueAsync() : node.StartAsync()));
        await Cluster.JoinedAsync();
    }
}

/// <summary>Real processes over one PostgreSQL and one Redis, under load, and what is taken away from them.</summary>
[Collection("Processes")]
[RequiresCluster]
public sealed class ClusterTests(ThreeNodes fixture) : IClassFixture<ThreeNodes>, IAsyncLifetime
{
    private TestCluster Cluster => fixture.Cluster;

    public Task InitializeAsync() => Cluster is null ? Task.CompletedTask : fixture.RestoreAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [ContractFact]
    public async Task What_is_sent_through_any_node_reaches_readers_on_all_nodes_in_one_order()
    {
        await using var crowd = new Crowd(Cluster, "order", writers: 6, readers: 3);
        await crowd.ProgressAsync(600);
        await crowd.ProgressOfAllAsync();
        await crowd.AuditAsync();
        Assert.All(crowd.Writers, writer => Assert.Equal(0, writer.Refused));
    }

    [ContractFact]
    public async Task A_home_that_is_killed_under_load_loses_no_acknowledged_message_and_doubles_none()
    {
        var session = await Cluster.SessionAtAsync(Cluster.Nodes[1], "kill");
        await using var crowd = new Crowd(Cluster, session, writers: 6, readers: 3);
        await crowd.ProgressAsync(200);
        await Cluster.Nodes[1].KillAsync();
        await crowd.ProgressAsync(300);
        await Cluster.Nodes[1].StartAsync();
        await crowd.ProgressAsync(200);
        await crowd.ProgressOfAllAsync();
        await crowd.AuditAsync();
    }

    [ContractFact]
    public async Task A_home_that_stands_still_and_comes_back_neither_forks_nor_doubles()
    {
        var session = await Cluster.SessionAtAsync(Cluster.Nodes[0], "pause");
        await using var crowd = new Crowd(Cluster, session, writers: 6, readers: 3);
        await crowd.ProgressAsync(200);
        await Cluster.Nodes[0].PauseAsync();
        await crowd.ProgressAsync(300);
        await Cluster.Nodes[0].ContinueAsync();
        await crowd.ProgressAsync(300);
        await crowd.ProgressOfAllAsync();
        await crowd.AuditAsync();
    }

    [ContractFact]
    public async Task Without_Redis_nothing_acknowledged_is_lost_and_with_it_events_flow_again()
    {
        await using var crowd = new Crowd(Cluster, "redis", writers: 6, readers: 3);
        await crowd.ProgressAsync(200);
        await Cluster.Redis.StopAsync();
        await crowd.ProgressAsync(200);
        await crowd.ProgressOfAllAsync();
        await Cluster.Redis.StartAgainAsync();
        await crowd.ProgressAsync(200);
        await Cluster.JoinedAsync();
        await crowd.ProgressOfAllAsync();
        await Cluster.Redis.PauseAsync();
        await crowd.ProgressAsync(100);
        await crowd.ProgressOfAllAsync();
        await Cluster.Redis.ContinueAsync();
        await crowd.ProgressAsync(200);
        await crowd.ProgressOfAllAsync();
        await crowd.AuditAsync();
    }

    [ContractFact]
    public async Task A_PostgreSQL_that_restarts_under_load_loses_nothing_that_was_acknowledged()
    {
        await using var crowd = new Crowd(Cluster, "postgres", writers: 6, readers: 3);
        await crowd.ProgressAsync(200);
        await Cluster.Postgres.StopAsync();
        await Cluster.Postgres.StartAgainAsync();
        await crowd.ProgressAsync(200);
        await crowd.ProgressOfAllAsync();
        await crowd.AuditAsync();
    }

    [ContractFact]
    public async Task A_node_that_leaves_in_order_says_so_to_its_sockets_and_hands_its_sessions_over()
    {
        var session = await Cluster.SessionAtAsync(Cluster.Nodes[2], "leave");
        await using var crowd = new Crowd(Cluster, session, writers: 6, readers: 3);
        await crowd.ProgressAsync(200);
        Assert.Equal(0, await Cluster.Nodes[2].StopAsync());
        await crowd.ProgressAsync(200);
        await crowd.ProgressOfAllAsync();
        await crowd.AuditAsync();
        var sockets = crowd.Writers.Cast<Roamer>().Concat(crowd.Readers).ToList();
        Assert.Equal(3, sockets.Count(socket => socket.CloseCodes.Contains(CloseCode.Draining)));
        Assert.All(sockets.SelectMany(socket => socket.CloseCodes), code => Assert.Equal(CloseCode.Draining, code));
        Assert.All(crowd.Writers, writer => Assert.Equal(0, writer.Refused));
    }
}
