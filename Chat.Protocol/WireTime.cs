using System.Globalization;

namespace Chat.Protocol;

/// <summary>Times as every wire and the log write them.</summary>
public static class WireTime
{
    /// <summary>ISO 8601 in UTC, three decimals, <c>Z</c>.</summary>
    public static string ToWire(this DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>UTC in whole milliseconds, so that what is stored reads back as it was.</summary>
    public static DateTimeOffset ToMilliseconds(this DateTimeOffset time) =>
        new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);
}
