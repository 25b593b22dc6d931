using System.Globalization;

namespace Chat.Bench.Scenarios;

/// <summary>Durations as a command line has them: a number and ms, s, m or h.</summary>
internal static class Durations
{
    public const string Form = "a number and ms, s, m or h, such as 10s";

    private static readonly (string Unit, double Seconds)[] Units = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)];

    public static bool TryParse(string text, out TimeSpan duration)
    {
        var (unit, seconds) = Array.Find(Units, unit => text.EndsWith(unit.Unit, StringComparison.Ordinal));
        duration = TimeSpan.Zero;
        if (unit is null || !double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) || number * seconds > 1e7)
        {
            return false;
        }
        duration = TimeSpan.FromSeconds(number * seconds);
        return true;
    }
}
