using Chat.Actors.Cluster;
using Chat.Tests.Support;
using static Chat.Actors.Cluster.AskerRow;

namespace Chat.Tests.Cluster;

public sealed class AskerRowTests
{
    private static readonly TimeSpan Good = TimeSpan.FromMilliseconds(500);

    private readonly ManualTime _time = new();
    private readonly AskerRow _row;

    public AskerRowTests() => _row = new AskerRow(new TransitTimes(_time));

    [Fact]
    public void Each_request_is_acted_upon_once_and_in_order() =>
        Assert.Equal([Verdict.Act, Verdict.Act, Verdict.Ignore, Verdict.Ignore, Verdict.Act], new[] { 0, 1, 1, 0, 2 }.Select(place => Take(1, place)));

    [Fact]
    public void After_a_hole_nothing_of_the_row_is_acted_upon_and_a_new_row_is()
    {
        Assert.Equal([Verdict.Act, Verdict.Refuse, Verdict.Ignore, Verdict.Refuse], new[] { 0, 2, 1, 3 }.Select(place => Take(1, place)));
        Assert.Equal(Verdict.Act, Take(2, 0));
        Assert.Equal(Verdict.Ignore, Take(1, 4));
        Assert.Equal(Verdict.Act, Take(2, 1));
    }

    [Fact]
    public void A_row_whose_beginning_is_lost_is_refused() => Assert.Equal([Verdict.Refuse, Verdict.Refuse], new[] { 1, 2 }.Select(place => Take(1, place)));

    [Fact]
    public void What_this_version_cannot_read_ends_the_row()
    {
        Assert.Equal(Verdict.Refuse, _row.Take(1, 0, Sent(), Good, isReadable: false));
        Assert.Equal(Verdict.Refuse, Take(1, 1));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-40_000)]
    [InlineData(40_000)]
    public void What_was_on_its_way_for_too_long_is_refused_whatever_the_clocks_differ_by(int skew)
    {
        Assert.Equal(Verdict.Act, Take(1, 0, skew));
        var sent = Sent(skew);
        _time.Advance(400);
        Assert.Equal(Verdict.Act, _row.Take(1, 1, sent, Good, isReadable: true));
        sent = Sent(skew);
        _time.Advance(600);
        Assert.Equal(Verdict.Refuse, _row.Take(1, 2, sent, Good, isReadable: true));
        Assert.Equal(Verdict.Act, Take(2, 0, skew));
    }

    [Fact]
    public void A_clock_that_is_set_is_taken_as_it_is_after_two_minutes_at_most()
    {
        Assert.Equal(Verdict.Act, Take(1, 0));
        Assert.Equal(Verdict.Refuse, Take(2, 0, skew: -5_000));
        _time.Advance(61_000);
        Assert.Equal(Verdict.Refuse, Take(3, 0, skew: -5_000));
        _time.Advance(61_000);
        Assert.Equal(Verdict.Act, Take(4, 0, skew: -5_000));
    }

    private Verdict Take(long row, long place, int skew = 0) => _row.Take(row, place, Sent(skew), Good, isReadable: true);

    private DateTimeOffset Sent(int skew = 0) => _time.GetUtcNow().AddMilliseconds(skew);
}
