using System.Text.Json;
using Chat.Bench;
using Chat.Bench.Measure;
using Chat.Bench.Reports;

namespace Chat.Tests.Bench;

/// <summary>What several runs come to.</summary>
public sealed class ReportTests
{
    private static readonly Peer Chat = new("chat", false, null!, null!);
    private static readonly Peer Baseline = new("signalr", true, null!, null!);

    [Fact]
    public void Runs_give_medians_and_peers_give_ratios()
    {
        var report = new Report("fanout", new TargetSettings());
        foreach (var (run, ours, theirs) in new[] { (1, 4.0, 8.0), (2, 2.0, 7.0), (3, 3.0, 9.0) })
        {
            report.Add(run, Chat, [Outcome(ours)]);
            report.Add(run, Baseline, [Outcome(theirs)]);
        }

        var lines = report.Table().Split('\n');
        Assert.Contains("3.00", lines.Single(line => line.StartsWith("chat ", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("8.00", lines.Single(line => line.StartsWith("signalr ", StringComparison.Ordinal) && !line.Contains(':', StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("2.67x", lines.Single(line => line.StartsWith("signalr : chat", StringComparison.Ordinal)), StringComparison.Ordinal);
        using var json = JsonDocument.Parse(report.Json());
        Assert.Equal((6, 2), (json.RootElement.GetProperty("runs").GetArrayLength(), json.RootElement.GetProperty("medians").GetArrayLength()));
    }

    [Fact]
    public void Figures_of_one_scenario_have_medians_and_columns_and_what_was_not_measured_is_empty()
    {
        var report = new Report("growth", new TargetSettings());
        foreach (var (run, join) in new (int, double?)[] { (1, 5), (2, null), (3, 8) })
        {
            report.Add(run, Chat, [Outcome(1) with { Figures = new Dictionary<string, double?> { ["join_s"] = join, ["wake_ms"] = null } }]);
        }

        var lines = report.Table().Split('\n');
        Assert.EndsWith("join s", lines[0].TrimEnd(), StringComparison.Ordinal);
        Assert.EndsWith("6.50", lines[1].TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_fault_of_the_server_in_any_run_is_one_of_the_report_and_a_baselines_is_not()
    {
        var report = new Report("fanout", new TargetSettings());
        report.Add(1, Baseline, [Outcome(1) with { Faults = new Faults { Disordered = 5 } }]);
        report.Add(1, Chat, [Outcome(1)]);
        Assert.False(report.HasFaults);

        report.Add(2, Chat, [Outcome(1) with { Faults = new Faults { Holes = 1 } }]);
        Assert.True(report.HasFaults);
    }

    private static Outcome Outcome(double cpu) => new() { Unit = "deliveries", Count = 1, PerSecond = 1, CpuMicroseconds = cpu };
}
