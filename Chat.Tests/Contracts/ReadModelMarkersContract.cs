using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Contracts;

/// <summary>How far users have read.</summary>
public abstract class ReadModelMarkersContract(ReadModelStore store) : ReadModelContract(store)
{
    private static readonly SessionId Session = new("s");

    [ContractFact]
    public async Task A_marker_only_rises()
    {
        Assert.Equal(0, await Markers.ReadAsync("ann", Session));
        Markers.Raise("ann", Session, 5);
        Markers.Raise("ann", Session, 3);
        Assert.Equal(5, await Markers.ReadAsync("ann", Session));
        Markers.Raise("ann", Session, 4);
        Assert.Equal(5, await Markers.ReadAsync("ann", Session));
        Markers.Raise("ann", Session, 6);
        Assert.Equal(6, await Markers.ReadAsync("ann", Session));
    }

    [ContractFact]
    public async Task A_marker_only_rises_on_all_nodes_together()
    {
        await using var other = NewMarkers();
        Markers.Raise("ann", Session, 5);
        await Markers.FlushAsync();
        other.Raise("ann", Session, 4);
        other.Raise("bob", Session, 1);
        await other.FlushAsync();

        Assert.Equal(5, await Markers.ReadAsync("ann", Session));
        Assert.Equal(1, await Markers.ReadAsync("bob", Session));
    }

    [ContractFact]
    public async Task Markers_are_stored_at_the_end_at_the_latest()
    {
        var node = NewMarkers();
        for (var n = 1; n <= 1200; n++)
        {
            node.Raise($"user-{n}", Session, n);
        }
        await node.DisposeAsync();

        Assert.Equal(1, await Markers.ReadAsync("user-1", Session));
        Assert.Equal(1200, await Markers.ReadAsync("user-1200", Session));
        Assert.Throws<ObjectDisposedException>(() => node.Raise("ann", Session, 1));
    }

    [ContractFact]
    public async Task A_marker_that_no_column_holds_is_dropped_without_the_others()
    {
        // SQLite holds both.
        Markers.Raise(new string('x', 200), Session, 1);
        Markers.Raise("ann", Session, 7);

        Assert.Equal(7, await Markers.ReadAsync("ann", Session));
    }

    [ContractFact]
    public async Task A_marker_stands_before_its_session_is_shown_and_after_a_rebuild()
    {
        Markers.Raise("ann", Session, 2);
        await Markers.FlushAsync();
        Story.Post(Story.Create("s", "bob", members: "ann"), "read", "bob");
        await ProjectAsync();
        Assert.Equal(0, (await OnlySessionAsync()).UnreadCount);

        await Projector.RebuildAsync(null, CancellationToken.None);

        Assert.Equal(0, (await OnlySessionAsync()).UnreadCount);
    }
}
