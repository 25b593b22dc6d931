using System.Globalization;
using Xunit.Abstractions;

namespace Chat.Tests.Cluster;

/// <summary>What <c>./test --chaos</c> has asked for, and what it is told.</summary>
internal static class Chaos
{
    /// <summary>Such as <c>10m</c>; null in an ordinary run.</summary>
    public static string? Wish { get; } = Environment.GetEnvironmentVariable("CHAT_CHAOS");

    public static TimeSpan Length => Wish switch
    {
        null => TimeSpan.FromSeconds(20),
        [.. var number, 's'] => TimeSpan.FromSeconds(double.Parse(number, CultureInfo.InvariantCulture)),
        [.. var number, 'm'] => TimeSpan.FromMinutes(double.Parse(number, CultureInfo.InvariantCulture)),
        [.. var number, 'h'] => TimeSpan.FromHours(double.Parse(number, CultureInfo.InvariantCulture)),
        _ => throw new FormatException($"CHAT_CHAOS is a number with s, m or h, not '{Wish}'"),
    };

    public static int Seed { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("CHAT_CHAOS_SEED"), CultureInfo.InvariantCulture, out var wished) ? wished : Random.Shared.Next();

    /// <summary>Where <c>./test --chaos</c> shows it at its end, and to the test's own report.</summary>
    public static void Say(this ITestOutputHelper output, string line)
    {
        output.WriteLine(line);
        if (Environment.GetEnvironmentVariable("CHAT_CHAOS_REPORT") is { Length: > 0 } report)
        {
            File.AppendAllText(report, $"{DateTime.UtcNow:HH:mm:ss} {line}\n");
        }
    }
}
