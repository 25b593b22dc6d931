using System.Globalization;
using System.Text.Json;

namespace Chat.Protocol;

/// <summary>Times as every wire and the log write them: ISO 8601 in UTC, three decimals, <c>Z</c>.</summary>
public static class WireTime
{
    private const int Length = 24;

    /// <summary><c>2026-01-02T03:04:05.6780000Z</c></summary>
    private const int RoundTripLength = 28;

    public static string ToWire(this DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    public static void WriteTime(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, DateTimeOffset time) => writer.WriteString(name, Format(time, stackalloc byte[RoundTripLength]));

    public static void WriteTimeValue(this Utf8JsonWriter writer, DateTimeOffset time) => writer.WriteStringValue(Format(time, stackalloc byte[RoundTripLength]));

    /// <summary>UTC in whole milliseconds, so that what is stored reads back as it was.</summary>
    public static DateTimeOffset ToMilliseconds(this DateTimeOffset time) =>
        new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);

    /// <summary>By way of the round-trip form, whose seven decimals are cut to three: a form of one's own is interpreted anew at every call.</summary>
    private static ReadOnlySpan<byte> Format(DateTimeOffset time, Span<byte> buffer)
    {
        time.UtcDateTime.TryFormat(buffer, out _, "O", CultureInfo.InvariantCulture);
        buffer[Length - 1] = (byte)'Z';
        return buffer[..Length];
    }
}
