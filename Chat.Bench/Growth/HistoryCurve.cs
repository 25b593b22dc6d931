using System.CommandLine;
using Chat.Bench.Reports;
using Chat.Bench.Scenarios;
using Chat.Bench.Servers;

namespace Chat.Bench.Growth;

/// <summary>
/// <c>growth history</c>: one session of one server, which grows from step to step. The sends of a row are the last ones before its step, one in flight. Then the session is
/// read; and after a restart of the server a send wakes it, which the next step counts.
/// </summary>
internal sealed class HistoryCurve() : Curve(
    "history", "Messages of one session: the last sends before each step, one in flight; then reading pages, coming back with a cursor, and waking it after a restart", "messages", "1000,10000,100000,1000000", most: 1_000_000)
{
    /// <summary>While it is filled, through one socket, of whose sends the server acts on 64 at once.</summary>
    private const int InFlight = 512;

    /// <summary>Half of what a step adds is sent with one in flight, so much at most.</summary>
    private const int MostAlone = 2_000;

    protected override int SocketsAt(ParseResult parsed, int step) => 1;

    protected override void Check(ParseResult parsed)
    {
        base.Check(parsed);
        if (Steps(parsed).Zip(Steps(parsed).Skip(1)).Any(pair => pair.Second < pair.First + 2))
        {
            throw new BenchException("--steps of history rise, by two at least: each is reached from the one before.");
        }
    }

    protected override async Task<IReadOnlyList<Outcome>> LoadAsync(ParseResult parsed, Peer peer, Site site, Progress progress, CancellationToken cancellation)
    {
        List<Outcome> outcomes = [];
        var times = Measured.Apply(parsed, History.Settings);
        // Each load is a user's of its own, whose client ids are new.
        var (user, history) = (1, await History.CreateAsync(site, users: 1 + (2 * Steps(parsed).Count), cancellation));
        await WarmUpAsync(site, times.Warmup, cancellation);
        foreach (var step in Steps(parsed))
        {
            progress.Say($"{NameOf(step)}");
            var alone = Math.Min((step - history.Count + 1) / 2, MostAlone);
            var filled = step - history.Count == alone ? null : await history.FillAsync(times, user++, step - history.Count - alone, InFlight, progress, cancellation);
            var sent = await history.FillAsync(times, user++, alone, inFlight: 1, progress, cancellation);
            var figures = new Dictionary<string, double?> { ["fill_sends_per_s"] = filled?.PerSecond };
            await history.LookAsync(step, cancellation);
            foreach (var (name, read) in new (string, Func<CancellationToken, Task<long>>)[]
                { ("newest", history.ReadNewestAsync), ("middle", history.ReadMiddleAsync), ("oldest", history.ReadOldestAsync), ("enter", history.ComeBackAsync) })
            {
                progress.Say($"{NameOf(step)}, {name}");
                await RepeatAsync(site, times.Warmup, read, cancellation);
                var reads = await RepeatAsync(site, times.Duration, read, cancellation);
                (figures[$"{name}_cpu_us"], figures[$"{name}_p50_ms"], figures[$"{name}_p99_ms"]) = (reads.CpuMicroseconds, reads.Latency!.P50, reads.Latency.P99);
            }
            await site.RestartAsync(cancellation);
            await WarmUpAsync(site, times.Warmup, cancellation);
            figures["wake_ms"] = (await RepeatAsync(site, TimeSpan.Zero, history.SendAsync, cancellation)).Latency!.P50;
            outcomes.Add(sent with { Variant = NameOf(step), Figures = figures, Faults = sent.Faults + (filled?.Faults ?? default) + history.TakeFaults() });
        }
        return outcomes;
    }

    /// <summary>Sends to another session: what is compiled at its first use is not this one's cost.</summary>
    private static async Task WarmUpAsync(Site site, TimeSpan time, CancellationToken cancellation) =>
        await RepeatAsync(site, time, (await History.CreateAsync(site, users: 1, cancellation)).SendAsync, cancellation);
}
