using System.Globalization;
using System.Text;
using System.Text.Json;
using Chat.Bench.Measure;

namespace Chat.Bench.Reports;

/// <summary>All outcomes of a command, and what they come to.</summary>
internal sealed class Report(string scenario, TargetSettings target)
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    private readonly List<(int Run, Outcome Outcome)> _outcomes = [];
    private readonly HashSet<string> _baselines = [];

    /// <summary>The chat server lost, doubled or disordered something.</summary>
    public bool HasFaults => _outcomes.Any(o => !_baselines.Contains(o.Outcome.Peer) && o.Outcome.Faults.Sum > 0);

    public void Add(int run, Peer peer, IEnumerable<Outcome> outcomes)
    {
        if (peer.IsBaseline)
        {
            _baselines.Add(peer.Name);
        }
        _outcomes.AddRange(outcomes.Select(outcome => (run, outcome with { Peer = peer.Name })));
    }

    /// <summary>Medians, and below them what each peer is to the chat server.</summary>
    public string Table()
    {
        var medians = Medians();
        var units = string.Join(", ", medians.Select(outcome => outcome.Unit).Distinct());
        var figures = medians.SelectMany(FiguresOf).Distinct().ToList();
        List<string[]> rows =
        [
            ["", $"{units}/s", "p50 ms", "p95 ms", "p99 ms", "max ms", "CPU us each", "server CPU", "memory MB", "growth MB", "KB each", "bench CPU", "late ms", "lost", "doubled", "disordered", .. figures.Select(name => name.Replace('_', ' '))],
            .. medians.Select(outcome => (string[])[.. Row(outcome), .. figures.Select(name => Text(outcome.Figures?.GetValueOrDefault(name)))]),
        ];
        foreach (var peer in medians.Where(outcome => _baselines.Contains(outcome.Peer)))
        {
            if (medians.FirstOrDefault(outcome => outcome.Peer == "chat" && outcome.Variant == peer.Variant) is { } chat)
            {
                rows.Add([.. RatioRow(chat, peer), .. figures.Select(_ => "")]);
            }
        }
        var text = new StringBuilder();
        var shown = Enumerable.Range(0, rows[0].Length).Where(column => rows.Skip(1).Any(row => row[column].Length > 0)).ToList();
        foreach (var row in rows)
        {
            text.AppendLine(string.Join("  ", shown.Select(column => column == 0 ? row[0].PadRight(Width(0)) : row[column].PadLeft(Width(column)))).TrimEnd());
        }
        foreach (var note in Notes())
        {
            text.AppendLine(note);
        }
        return text.ToString();

        int Width(int column) => rows.Max(row => row[column].Length);
    }

    public string Json() => JsonSerializer.Serialize(
        new
        {
            scenario,
            at = DateTimeOffset.UtcNow,
            machine = new { processors = Environment.ProcessorCount, os = System.Runtime.InteropServices.RuntimeInformation.OSDescription, runtime = Environment.Version.ToString() },
            server = target.Url?.ToString() ?? $"chat serve {string.Join(' ', Peers.ChatSettings(target))}",
            database = target.Database is null ? "SQLite" : "PostgreSQL",
            runs = _outcomes.Select(o => new { run = o.Run, o.Outcome }),
            medians = Medians(),
        },
        Options);

    private List<Outcome> Medians() =>
    [
        .. _outcomes.Select(o => o.Outcome).GroupBy(outcome => (outcome.Peer, outcome.Variant)).Select(group => group.First() with
        {
            Count = (long)Median(group, o => o.Count)!.Value,
            PerSecond = Median(group, o => o.PerSecond),
            Latency = group.All(o => o.Latency is null) ? null : new Latency(
                Median(group, o => o.Latency?.P50) ?? 0, Median(group, o => o.Latency?.P95) ?? 0, Median(group, o => o.Latency?.P99) ?? 0, Median(group, o => o.Latency?.Max) ?? 0),
            CpuMicroseconds = Median(group, o => o.CpuMicroseconds),
            ServerCpu = Median(group, o => o.ServerCpu),
            MemoryMb = Median(group, o => o.MemoryMb),
            MemoryGrowthMb = Median(group, o => o.MemoryGrowthMb),
            KbEach = Median(group, o => o.KbEach),
            Figures = group.First().Figures is null ? null : group.SelectMany(FiguresOf).Distinct().ToDictionary(name => name, name => Median(group, o => o.Figures?.GetValueOrDefault(name))),
            BenchCpu = Median(group, o => o.BenchCpu)!.Value,
            SendLateness = Median(group, o => o.SendLateness),
            Timeline = null,
            // Faults are no matter of medians.
            Faults = group.Aggregate(new Faults(), (sum, o) => sum + o.Faults),
            PassedOver = group.Sum(o => o.PassedOver),
            Refused = group.Sum(o => o.Refused),
            Ends = group.Sum(o => o.Ends),
            Trouble = group.Select(o => o.Trouble).FirstOrDefault(trouble => trouble is not null),
        }),
    ];

    private static IEnumerable<string> FiguresOf(Outcome outcome) => outcome.Figures?.Keys ?? [];

    private static double? Median(IEnumerable<Outcome> outcomes, Func<Outcome, double?> figure)
    {
        var values = outcomes.Select(figure).OfType<double>().Order().ToList();
        return values.Count == 0 ? null : (values[(values.Count - 1) / 2] + values[values.Count / 2]) / 2;
    }

    private static string NameOf(Outcome outcome) => outcome.Variant.Length == 0 ? outcome.Peer : $"{outcome.Peer}, {outcome.Variant}";

    private static string[] Row(Outcome o) =>
    [
        NameOf(o), Text(o.PerSecond, "N0"), Text(o.Latency?.P50, "N2"), Text(o.Latency?.P95, "N2"), Text(o.Latency?.P99, "N2"), Text(o.Latency?.Max, "N1"), Text(o.CpuMicroseconds, "N2"),
        Text(o.ServerCpu, "P0"), Text(o.MemoryMb, "N0"), Text(o.MemoryGrowthMb, "N0"), Text(o.KbEach, "N1"), Text(o.BenchCpu, "P0"), Text(o.SendLateness, "N2"),
        Text(o.Faults.Lost, "N0"), Text(o.Faults.Doubled, "N0"), Text(o.Faults.Disordered, "N0"),
    ];

    /// <summary>How many times the chat server's figure the peer's is.</summary>
    private static string[] RatioRow(Outcome chat, Outcome peer)
    {
        return
        [
            $"{NameOf(peer)} : chat", Times(o => o.PerSecond), Times(o => o.Latency?.P50), Times(o => o.Latency?.P95), Times(o => o.Latency?.P99), Times(o => o.Latency?.Max),
            Times(o => o.CpuMicroseconds), Times(o => o.ServerCpu), Times(o => o.MemoryMb), "", Times(o => o.KbEach), "", "", "", "", "",
        ];

        string Times(Func<Outcome, double?> figure) => figure(chat) is > 0 and var ours && figure(peer) is { } theirs ? $"{Text(theirs / ours, "N2")}x" : "";
    }

    private IEnumerable<string> Notes()
    {
        if (target.Url is null)
        {
            yield return $"Started with: {string.Join(' ', Peers.ChatSettings(target).Where(word => word != "--set"))}, database {(target.Database is null ? "SQLite" : "PostgreSQL")}.";
        }
        foreach (var o in Medians())
        {
            if (o.ServerCpu is null)
            {
                yield return $"{NameOf(o)}: its /metrics shows no CPU time and memory, so neither is given.";
            }
            if (o.Faults.Holes + o.Faults.Stray > 0)
            {
                yield return $"{NameOf(o)}: {o.Faults.Holes} holes in its own numbering, {o.Faults.Stray} deliveries in a wrong room.";
            }
            if (o.PassedOver > 0)
            {
                yield return $"{NameOf(o)}: {o.PassedOver} messages had left the list before a reader was shown it, as this face may.";
            }
            if (o.Refused + o.Ends > 0)
            {
                yield return $"{NameOf(o)}: {o.Refused} refused, {o.Ends} connections ended. First: {o.Trouble}";
            }
            if (o.BenchCpu > 0.9)
            {
                yield return $"{NameOf(o)}: this program used its whole processor and may have been the limit.";
            }
        }
    }

    /// <summary>With three digits that say something.</summary>
    private static string Text(double? figure) => Text(figure, Math.Abs(figure ?? 0) switch { >= 100 => "N0", >= 10 => "N1", >= 1 => "N2", _ => "N3" });

    private static string Text(double? figure, string format) => figure?.ToString(format, CultureInfo.InvariantCulture) ?? "";
}
