using System.Diagnostics;
using System.Globalization;
using Chat.Bench.Load;
using Chat.Bench.Measure;

namespace Chat.Bench.Reports;

/// <summary>Lines on stderr that say what is going on.</summary>
/// <param name="Peer">Of whom they speak.</param>
internal sealed record Progress(string Peer, TimeSpan Interval)
{
    /// <summary>A rest that is no interval of its own.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(10);

    public void Say(FormattableString text) => Console.Error.WriteLine($"{Peer,-16} {text.ToString(CultureInfo.InvariantCulture)}");

    /// <summary>Waits, or until all that should be sent is through, with a line each interval.</summary>
    public async Task<IReadOnlyList<Moment>> WatchAsync(LoadRun run, string phase, string unit, Func<long> count, TimeSpan time, CancellationToken cancellation)
    {
        List<Moment> timeline = [];
        var begun = Stopwatch.GetTimestamp();
        run.Tally.TakeInterval();
        var (at, counted, usage, own) = (begun, count(), await run.Site.UsageAsync(cancellation), ProcessUsage.OfThis());
        while (time - Stopwatch.GetElapsedTime(begun) is var rest && rest > Shortest && !run.Through.IsCompleted)
        {
            await Task.WhenAny(run.Through, Task.Delay(rest < Interval ? rest : Interval, cancellation));
            cancellation.ThrowIfCancellationRequested();
            var (now, countedNow, usageNow, ownNow) = (Stopwatch.GetTimestamp(), count(), await run.Site.UsageAsync(cancellation), ProcessUsage.OfThis());
            var seconds = Stopwatch.GetElapsedTime(at, now).TotalSeconds;
            var moment = new Moment(
                Stopwatch.GetElapsedTime(begun, now).TotalSeconds, (countedNow - counted) / seconds, run.Tally.TakeInterval().Summary(), (usageNow?.Cpu - usage?.Cpu) / seconds, usageNow?.Memory / 1e6);
            timeline.Add(moment);
            var server = moment.MemoryMb is null ? "" : string.Create(CultureInfo.InvariantCulture, $"server {moment.ServerCpu:P0} CPU {moment.MemoryMb:F0} MB, ");
            Say($"{phase} {moment.Seconds,4:F0} s: {moment.PerSecond,9:N0} {unit}/s, p50 {moment.Latency.P50:F2} p99 {moment.Latency.P99:F2} max {moment.Latency.Max:F1} ms, {server}bench {(ownNow.Cpu - own.Cpu) / seconds:P0} CPU{Trouble(run)}");
            (at, counted, usage, own) = (now, countedNow, usageNow, ownNow);
        }
        return timeline;
    }

    private static string Trouble(LoadRun run) =>
        run.Tally.Refused + run.Tally.Ends == 0 ? "" : $"; {run.Tally.Refused} refused, {run.Tally.Ends} ended: {run.Tally.FirstTrouble}";
}
