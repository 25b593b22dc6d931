using Chat.Bench.Measure;

namespace Chat.Tests.Bench;

/// <summary>What the load generator makes of latencies.</summary>
public sealed class HistogramTests
{
    [Fact]
    public void A_percentile_is_off_by_a_64th_at_most_and_never_below()
    {
        var random = new Random(7);
        var values = Enumerable.Range(0, 20_000).Select(_ => (long)Math.Pow(10, random.NextDouble() * 11)).Order().ToList();
        var histogram = new Histogram();
        values.ForEach(histogram.Record);

        foreach (var share in new[] { 0.001, 0.5, 0.95, 0.99, 0.999, 1 })
        {
            var exact = values[(int)Math.Ceiling(share * values.Count) - 1];
            Assert.InRange(histogram.Percentile(share), exact, exact + (exact / 64) + 1);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(1_000_000_007)]
    [InlineData(long.MaxValue)]
    public void The_greatest_is_exact(long value)
    {
        var histogram = new Histogram();
        histogram.Record(value);

        Assert.Equal((value, value, 1), (histogram.Max, histogram.Percentile(0.5), histogram.Count));
    }

    [Fact]
    public void Without_a_record_all_is_0() => Assert.Equal(new Latency(0, 0, 0, 0), new Histogram().Summary());

    [Fact]
    public void What_comes_before_its_time_counts_as_0()
    {
        var histogram = new Histogram();
        histogram.Record(-5);

        Assert.Equal((0, 1), (histogram.Percentile(1), histogram.Count));
    }
}
