using Chat.Actors.Cluster;
using Chat.Protocol;
using Chat.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Chat.Tests.Cluster;

/// <summary>A node writes what all nodes read, and comes back to more only when no older node can be expected any more.</summary>
public sealed class EventVersionsTests
{
    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(60);

    private readonly ManualTime _time = new();
    private readonly EventCodec _codec = NewerEvents.Codec();
    private readonly EventVersions _versions;

    public EventVersionsTests() => _versions = new EventVersions(_codec, Hold, _time, NullLogger.Instance);

    [Fact]
    public void A_codec_that_is_alone_writes_the_newest() =>
        Assert.Contains(NewerEvents.Posted, NewerEvents.Codec().WrittenManifests);

    [Fact]
    public void Until_others_can_have_been_seen_the_oldest_is_written()
    {
        Assert.Equal("message-posted/1", PostedAs());
        After(Hold);
        Assert.Equal("message-posted/1", PostedAs());
        After(TimeSpan.FromTicks(1));
        Assert.Equal(NewerEvents.Posted, PostedAs());
    }

    [Fact]
    public void An_older_node_has_the_older_version_written_at_once_and_for_a_while_after_it_has_gone()
    {
        After(2 * Hold);
        var older = new NodeInfo("older", "", ManualTime.Start, IsDraining: false, string.Join(' ', new EventCodec().Manifests));
        _versions.Note([Self(), older]);
        Assert.Equal("message-posted/1", PostedAs());
        Assert.Equal(new EventCodec().Manifests.Order(), _codec.WrittenManifests.Order());
        After(Hold);
        Assert.Equal("message-posted/1", PostedAs());
        After(TimeSpan.FromTicks(1));
        Assert.Equal(NewerEvents.Posted, PostedAs());
    }

    [Fact]
    public void A_node_that_announces_nothing_reads_the_first_version_of_each()
    {
        After(2 * Hold);
        _versions.Note([Self(), new NodeInfo("silent", "", ManualTime.Start, IsDraining: false)]);
        Assert.Equal("message-posted/1", PostedAs());
    }

    [Fact]
    public void What_some_node_does_not_know_at_all_cannot_be_written()
    {
        var known = new EventCodec().Manifests.Where(manifest => manifest != "title-changed/1");
        _versions.Note([Self(), new NodeInfo("older", "", ManualTime.Start, IsDraining: false, string.Join(' ', known))]);
        var title = new TitleChanged { At = ManualTime.Start, Title = "t", By = "kim" };
        Assert.False(_codec.CanWrite(title));
        Assert.Throws<EventFormatException>(() => _codec.Encode(title));
        Assert.Equal("title-changed/1", Assert.Single(_codec.Manifests, manifest => manifest.StartsWith("title", StringComparison.Ordinal)));
        After(2 * Hold);
        Assert.True(_codec.CanWrite(title));
    }

    private NodeInfo Self() => new("self", "", ManualTime.Start, IsDraining: false, _versions.Announcement);

    private string PostedAs() => _codec.WrittenManifests.Single(manifest => manifest.StartsWith("message-posted/", StringComparison.Ordinal));

    private void After(TimeSpan time)
    {
        _time.Advance(time);
        _versions.Note([Self()]);
    }
}
