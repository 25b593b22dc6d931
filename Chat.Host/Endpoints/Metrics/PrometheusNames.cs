using System.Text;

namespace Chat.Host.Endpoints.Metrics;

/// <summary>OpenTelemetry names as Prometheus names: the unit and <c>_total</c> are part of the name, and there are no dots.</summary>
internal static class PrometheusNames
{
    public static string Metric(string name, string? unit, MetricKind kind)
    {
        var text = new StringBuilder(name.Length + 16);
        foreach (var c in name)
        {
            text.Append(IsLabel(c) || c == ':' ? c : '_');
        }
        if (text.Length == 0 || char.IsAsciiDigit(text[0]))
        {
            text.Insert(0, '_');
        }
        AppendSuffix(text, Unit(unit));
        AppendSuffix(text, kind == MetricKind.Counter ? "total" : "");
        return text.ToString();
    }

    public static bool IsLabel(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';

    /// <summary>Annotations (<c>{connection}</c>) and bare numbers are no units.</summary>
    private static string Unit(string? unit) => unit switch
    {
        "s" => "seconds",
        "ms" => "milliseconds",
        "By" => "bytes",
        "%" => "percent",
        _ => "",
    };

    private static void AppendSuffix(StringBuilder text, string suffix)
    {
        if (suffix.Length > 0 && !text.ToString().EndsWith("_" + suffix, StringComparison.Ordinal))
        {
            text.Append('_').Append(suffix);
        }
    }
}
