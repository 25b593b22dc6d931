using System.Diagnostics;
using System.Numerics;

namespace Chat.Bench.Measure;

/// <summary>
/// Counts durations in buckets that are at most 1/64 wide of what they hold, so a percentile is off by 1.6% at most; the greatest is exact.
/// One thread records; another may read what is not exact to the last record.
/// </summary>
internal sealed class Histogram
{
    private const int SubBits = 6;

    /// <summary>Up to 2^63 ns: 57 doublings of 64 buckets beyond the first.</summary>
    private readonly long[] _counts = new long[(64 - SubBits) << SubBits];

    public long Count { get; private set; }

    /// <summary>Nanoseconds.</summary>
    public long Max { get; private set; }

    /// <param name="nanoseconds">Below 0 counts as 0.</param>
    public void Record(long nanoseconds)
    {
        var value = Math.Max(nanoseconds, 0);
        _counts[BucketOf(value)]++;
        Count++;
        if (value > Max)
        {
            Max = value;
        }
    }

    public void Add(Histogram other)
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            _counts[i] += other._counts[i];
        }
        Count += other.Count;
        Max = Math.Max(Max, other.Max);
    }

    /// <summary>Nanoseconds that <paramref name="share"/> (0 to 1) of the records do not exceed; 0 without a record.</summary>
    public long Percentile(double share)
    {
        var rank = Math.Max(1, (long)Math.Ceiling(share * Count));
        for (var i = 0; i < _counts.Length; i++)
        {
            rank -= _counts[i];
            if (rank <= 0)
            {
                return Math.Min(HighestOf(i), Max);
            }
        }
        return Max;
    }

    public Latency Summary() => new(Milliseconds(Percentile(0.5)), Milliseconds(Percentile(0.95)), Milliseconds(Percentile(0.99)), Milliseconds(Max));

    /// <summary>Of <see cref="Stopwatch"/> ticks.</summary>
    public static long Nanoseconds(long ticks) => Stopwatch.Frequency == 1_000_000_000 ? ticks : (long)(ticks * (1e9 / Stopwatch.Frequency));

    private static double Milliseconds(long nanoseconds) => Math.Round(nanoseconds / 1e6, 4);

    /// <summary>The highest bits choose the doubling, the next 6 the bucket in it.</summary>
    private static int BucketOf(long value)
    {
        var shift = Math.Max(0, BitOperations.Log2((ulong)value) - SubBits);
        return (shift << SubBits) + (int)(value >> shift);
    }

    private static long HighestOf(int bucket)
    {
        var shift = Math.Max(0, (bucket >> SubBits) - 1);
        return ((bucket - ((long)shift << SubBits) + 1) << shift) - 1;
    }
}

/// <summary>Milliseconds.</summary>
internal sealed record Latency(double P50, double P95, double P99, double Max);
