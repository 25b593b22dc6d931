using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Chat.Host.Endpoints.Metrics;

public enum MetricKind
{
    /// <summary>Only rises.</summary>
    Counter,
    Gauge,
    Histogram,
}

/// <summary>One instrument's measurements, a series for each combination of tags.</summary>
public sealed class MetricFamily
{
    /// <summary>Tags come from code, not from clients; this holds should one ever not.</summary>
    private const int MaxSeries = 1000;

    private static readonly double[] DefaultBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly ConcurrentDictionary<string, MetricSeries> _series = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, MetricSeries>.AlternateLookup<ReadOnlySpan<char>> _byLabels;
    private readonly double[] _bounds;
    private readonly bool _adds;

    private MetricFamily(Instrument instrument, MetricKind kind, bool adds, double[] bounds)
    {
        Kind = kind;
        Name = PrometheusNames.Metric(instrument.Name, instrument.Unit, kind);
        Help = instrument.Description ?? "";
        _adds = adds;
        _bounds = bounds;
        _byLabels = _series.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public string Name { get; }
    public string Help { get; }
    public MetricKind Kind { get; }

    /// <summary>By labels, which are the text between the braces.</summary>
    public IEnumerable<KeyValuePair<string, MetricSeries>> Series => _series;

    /// <summary>Null for a kind of instrument that this does not know.</summary>
    public static MetricFamily? Of(Instrument instrument)
    {
        var type = instrument.GetType() is { IsGenericType: true } closed ? closed.GetGenericTypeDefinition() : null;
        return type == typeof(Counter<>) ? new MetricFamily(instrument, MetricKind.Counter, adds: true, [])
            : type == typeof(ObservableCounter<>) ? new MetricFamily(instrument, MetricKind.Counter, adds: false, [])
            : type == typeof(UpDownCounter<>) ? new MetricFamily(instrument, MetricKind.Gauge, adds: true, [])
            : type == typeof(ObservableUpDownCounter<>) || type == typeof(ObservableGauge<>) || type == typeof(Gauge<>)
                ? new MetricFamily(instrument, MetricKind.Gauge, adds: false, [])
            : type == typeof(Histogram<>) ? new MetricFamily(instrument, MetricKind.Histogram, adds: true, BoundsOf(instrument))
            : null;
    }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        Span<char> buffer = stackalloc char[256];
        var labels = new LabelText(buffer);
        labels.Append(tags);
        if (!_byLabels.TryGetValue(labels.Text, out var series))
        {
            if (_series.Count >= MaxSeries)
            {
                return;
            }
            series = _series.GetOrAdd(labels.Text.ToString(), static (_, bounds) => new MetricSeries(bounds), _bounds);
        }
        if (Kind == MetricKind.Histogram)
        {
            series.Observe(value);
        }
        else if (_adds)
        {
            series.Add(value);
        }
        else
        {
            series.Set(value);
        }
    }

    private static double[] BoundsOf(Instrument instrument) => instrument switch
    {
        Histogram<double> { Advice.HistogramBucketBoundaries: { Count: > 0 } bounds } => [.. bounds],
        Histogram<int> { Advice.HistogramBucketBoundaries: { Count: > 0 } bounds } => [.. bounds.Select(bound => (double)bound)],
        Histogram<long> { Advice.HistogramBucketBoundaries: { Count: > 0 } bounds } => [.. bounds.Select(bound => (double)bound)],
        _ => DefaultBounds,
    };
}
