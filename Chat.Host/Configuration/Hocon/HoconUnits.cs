using System.Globalization;

namespace Chat.Host.Configuration.Hocon;

/// <summary>Numbers with units, as HOCON writes them ("Units format").</summary>
internal static class HoconUnits
{
    public const string DurationForm = "a number and ms, s, m, h or d, such as 30s";
    public const string SizeForm = "a number of bytes, or a number and KiB, MiB, GiB, kB, MB or GB, such as 64KiB";

    /// <param name="bareUnit">What a number without a unit counts; null refuses it. Zero needs no unit.</param>
    /// <returns>Null where the text is no duration, or one that <see cref="TimeSpan"/> cannot hold exactly.</returns>
    public static TimeSpan? Duration(string text, TimeSpan? bareUnit)
    {
        if (Split(text) is not var (number, unit)) return null;
        long? ticks = unit switch
        {
            "" when number == 0 => 1,
            "" => bareUnit?.Ticks,
            "us" or "micro" or "micros" or "microsecond" or "microseconds" => TimeSpan.TicksPerMicrosecond,
            "ms" or "milli" or "millis" or "millisecond" or "milliseconds" => TimeSpan.TicksPerMillisecond,
            "s" or "second" or "seconds" => TimeSpan.TicksPerSecond,
            "m" or "minute" or "minutes" => TimeSpan.TicksPerMinute,
            "h" or "hour" or "hours" => TimeSpan.TicksPerHour,
            "d" or "day" or "days" => TimeSpan.TicksPerDay,
            _ => null,
        };
        if (unit is "ns" or "nano" or "nanos" or "nanosecond" or "nanoseconds")
        {
            ticks = 1;
            number /= TimeSpan.NanosecondsPerTick;
        }

        return ticks is null ? null : Whole(number, ticks.Value) is { } whole ? new TimeSpan(whole) : null;
    }

    /// <returns>Bytes; null where the text is no size, or one beyond 63 bits.</returns>
    public static long? Size(string text)
    {
        if (Split(text) is not var (number, unit)) return null;
        long? bytes = unit switch
        {
            "" or "B" or "b" or "byte" or "bytes" => 1,
            "kB" or "kilobyte" or "kilobytes" => 1_000,
            "MB" or "megabyte" or "megabytes" => 1_000_000,
            "GB" or "gigabyte" or "gigabytes" => 1_000_000_000,
            "TB" or "terabyte" or "terabytes" => 1_000_000_000_000,
            "PB" or "petabyte" or "petabytes" => 1_000_000_000_000_000,
            "EB" or "exabyte" or "exabytes" => 1_000_000_000_000_000_000,
            "K" or "k" or "Ki" or "KiB" or "kibibyte" or "kibibytes" => 1L << 10,
            "M" or "m" or "Mi" or "MiB" or "mebibyte" or "mebibytes" => 1L << 20,
            "G" or "g" or "Gi" or "GiB" or "gibibyte" or "gibibytes" => 1L << 30,
            "T" or "t" or "Ti" or "TiB" or "tebibyte" or "tebibytes" => 1L << 40,
            "P" or "p" or "Pi" or "PiB" or "pebibyte" or "pebibytes" => 1L << 50,
            "E" or "e" or "Ei" or "EiB" or "exbibyte" or "exbibytes" => 1L << 60,
            _ => null,
        };
        return bytes is null ? null : Whole(number, bytes.Value);
    }

    private static long? Whole(decimal number, long factor)
    {
        try
        {
            var product = number * factor;
            return product == decimal.Truncate(product) && product is >= long.MinValue and <= long.MaxValue ? (long)product : null;
        }
        catch (OverflowException)
        {
            return null;
        }
    }

    private static (decimal Number, string Unit)? Split(string text)
    {
        var trimmed = text.AsSpan().Trim();
        var end = trimmed.Length;
        while (end > 0 && char.IsLetter(trimmed[end - 1])) end--;
        return decimal.TryParse(trimmed[..end], NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var number)
            ? (number, trimmed[end..].ToString())
            : null;
    }
}
