using System.CommandLine;
using System.Diagnostics;
using Chat.Bench.Load;
using Chat.Bench.Measure;
using Chat.Bench.Reports;
using Chat.Bench.Scenarios;
using Chat.Bench.Servers;

namespace Chat.Bench.Growth;

/// <summary><c>growth members</c>: one room that becomes larger.</summary>
internal sealed class MembersCurve() : FreshCurve("members", "One room, and how many are in it: each who comes in is shown to all who are there", "members", "10,100,1000,10000", most: 10_000)
{
    private const int Senders = 10;

    private readonly Option<int> _rate = SteadyLoad.RateOption();

    protected override void AddOptions(Command command)
    {
        base.AddOptions(command);
        command.Add(_rate);
    }

    protected override int SocketsAt(ParseResult parsed, int step) => step;

    protected override async Task<Outcome> StepAsync(ParseResult parsed, Peer peer, Site site, int step, Progress progress, CancellationToken cancellation)
    {
        var settings = Measured.Apply(parsed, new LoadSettings { Rooms = 1, Members = step, Senders = Math.Min(step, Senders), Rate = parsed.GetValue(_rate), Users = step });
        await using var run = new LoadRun(site, peer.Face, settings, progress);
        var begun = Stopwatch.GetTimestamp();
        await run.CreateAsync(cancellation);
        var (made, before) = (Stopwatch.GetTimestamp(), await site.UsageAsync(cancellation));
        progress.Say($"{step} members come in");
        await run.EnterAsync(cancellation);
        var (joined, after) = (Stopwatch.GetElapsedTime(made).TotalSeconds, await site.UsageAsync(cancellation));
        run.Begin();
        return await run.MeasureAsync("deliveries", () => run.Tally.Deliveries, run.Tally.Shown, cancellation) with
        {
            Figures = new Dictionary<string, double?>
            {
                ["make_room_s"] = Stopwatch.GetElapsedTime(begun, made).TotalSeconds,
                ["join_s"] = joined,
                ["join_cpu_ms_each"] = ProcessUsage.CpuOfEach(before, after, step) * 1e3,
            },
        };
    }
}
