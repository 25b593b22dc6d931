using System.CommandLine;
using System.Diagnostics;
using Chat.Bench.Clients;
using Chat.Bench.Measure;
using Chat.Bench.Reports;
using Chat.Bench.Scenarios;
using Chat.Bench.Servers;

namespace Chat.Bench.Growth;

/// <summary>One thing that grows, as a command: a row for each step.</summary>
/// <param name="unit">What a step counts.</param>
/// <param name="steps">Those that are taken unless others are told.</param>
/// <param name="most">Of a step.</param>
internal abstract class Curve(string name, string description, string unit, string steps, int most) : Scenario(name, description)
{
    private readonly NumbersOption _steps = new("--steps", $"The steps: {unit}.", steps, most);

    protected override string Title => $"growth {base.Title}";

    /// <summary>Servers are started afresh, restarted, and several at once.</summary>
    protected override bool HasRemote => false;

    protected override bool HasFaces => false;

    protected override bool HasBaselines => false;

    /// <summary>Sockets that are open at once at such a step.</summary>
    protected abstract int SocketsAt(ParseResult parsed, int step);

    protected IReadOnlyList<int> Steps(ParseResult parsed) => _steps.Read(parsed);

    protected string NameOf(int step) => FormattableString.Invariant($"{unit}: {step:N0}");

    protected override void AddOptions(Command command) => command.Add(_steps);

    protected override void Check(ParseResult parsed) => OpenFiles.Check(Steps(parsed).Max(step => SocketsAt(parsed, step)));

    /// <summary>One after the other for so long, and once at least.</summary>
    /// <param name="act">Returns when it was through, as <see cref="Stopwatch.GetTimestamp"/>.</param>
    protected static async Task<Outcome> RepeatAsync(Site site, TimeSpan time, Func<CancellationToken, Task<long>> act, CancellationToken cancellation)
    {
        var (latency, begin, before, own) = (new Histogram(), Stopwatch.GetTimestamp(), await site.UsageAsync(cancellation), Environment.CpuUsage.TotalTime);
        do
        {
            var begun = Stopwatch.GetTimestamp();
            latency.Record(Histogram.Nanoseconds(await act(cancellation) - begun));
        }
        while (Stopwatch.GetElapsedTime(begin) < time);
        await EventLoop.LeaveAsync();
        var (seconds, after) = (Stopwatch.GetElapsedTime(begin).TotalSeconds, await site.UsageAsync(cancellation));
        return new Outcome
        {
            Unit = "reads",
            Seconds = seconds,
            Count = latency.Count,
            PerSecond = latency.Count / seconds,
            Latency = latency.Summary(),
            CpuMicroseconds = ProcessUsage.CpuOfEach(before, after, latency.Count) * 1e6,
            ServerCpu = (after?.Cpu - before?.Cpu) / seconds,
            MemoryMb = after?.Memory / 1e6,
            BenchCpu = (Environment.CpuUsage.TotalTime - own).TotalSeconds / seconds,
        };
    }
}
