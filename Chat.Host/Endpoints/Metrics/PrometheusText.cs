using System.Globalization;
using System.Text;

namespace Chat.Host.Endpoints.Metrics;

/// <summary>Prometheus' text exposition format 0.0.4.</summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public static string Write(IEnumerable<MetricFamily> families)
    {
        var text = new StringBuilder(16 * 1024);
        // Two instruments may come to one name (a meter made twice): a family stands once, or the whole text is refused.
        foreach (var (name, instruments) in families.GroupBy(family => family.Name).Select(group => (group.Key, group.ToList())))
        {
            var kind = instruments[0].Kind;
            var seen = new HashSet<string>(StringComparer.Ordinal);
            var help = instruments[0].Help.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal);
            text.Append("# HELP ").Append(name).Append(' ').Append(help).Append('\n');
            text.Append("# TYPE ").Append(name).Append(' ').Append(TypeOf(kind)).Append('\n');
            var all = instruments.Where(family => family.Kind == kind).SelectMany(family => family.Series).Where(series => seen.Add(series.Key));
            foreach (var (labels, series) in all.OrderBy(series => series.Key, StringComparer.Ordinal))
            {
                var (value, counts) = series.Read();
                if (kind == MetricKind.Histogram)
                {
                    WriteHistogram(text, name, labels, series.Bounds, value, counts);
                }
                else
                {
                    Sample(text, name, labels, value);
                }
            }
        }
        return text.ToString();
    }

    private static void WriteHistogram(StringBuilder text, string name, string labels, IReadOnlyList<double> bounds, double sum, long[] counts)
    {
        var before = labels.Length > 0 ? labels + "," : "";
        long count = 0;
        for (var i = 0; i < counts.Length; i++)
        {
            count += counts[i];
            Sample(text, name + "_bucket", $"{before}le=\"{(i < bounds.Count ? Number(bounds[i]) : "+Inf")}\"", count);
        }
        Sample(text, name + "_sum", labels, sum);
        Sample(text, name + "_count", labels, count);
    }

    private static void Sample(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0)
        {
            text.Append('{').Append(labels).Append('}');
        }
        text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString(CultureInfo.InvariantCulture),
    };

    private static string TypeOf(MetricKind kind) => kind switch
    {
        MetricKind.Counter => "counter",
        MetricKind.Histogram => "histogram",
        _ => "gauge",
    };
}
