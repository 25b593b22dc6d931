namespace Chat.Host.Endpoints.Metrics;

/// <summary>The measurements of one combination of tags.</summary>
/// <param name="bounds">Upper bounds of a histogram's buckets, rising; empty for what is no histogram.</param>
public sealed class MetricSeries(double[] bounds)
{
    private readonly Lock _gate = new();
    private readonly long[] _counts = new long[bounds.Length + 1];
    private double _value;

    public IReadOnlyList<double> Bounds => bounds;

    public void Add(double value)
    {
        lock (_gate)
        {
            _value += value;
        }
    }

    public void Set(double value)
    {
        lock (_gate)
        {
            _value = value;
        }
    }

    public void Observe(double value)
    {
        // A bound belongs to its own bucket ("le").
        var bucket = Array.BinarySearch(bounds, value);
        lock (_gate)
        {
            _counts[bucket < 0 ? ~bucket : bucket]++;
            _value += value;
        }
    }

    /// <summary>The value, or a histogram's sum with its counts per bucket, of one moment.</summary>
    public (double Value, long[] Counts) Read()
    {
        lock (_gate)
        {
            return (_value, [.. _counts]);
        }
    }
}
