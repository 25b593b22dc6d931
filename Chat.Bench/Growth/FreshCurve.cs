using System.CommandLine;
using Chat.Bench.Reports;
using Chat.Bench.Servers;

namespace Chat.Bench.Growth;

/// <summary>A curve each of whose steps has a server of its own, so that no row is changed by the one before.</summary>
internal abstract class FreshCurve(string name, string description, string unit, string steps, int most) : Curve(name, description, unit, steps, most)
{
    protected override async Task<IReadOnlyList<Outcome>> LoadAsync(ParseResult parsed, TargetSettings target, Peer peer, Progress progress, CancellationToken cancellation)
    {
        List<Outcome> outcomes = [];
        foreach (var step in Steps(parsed))
        {
            progress.Say($"{NameOf(step)}");
            await using var site = await StartAsync(parsed, target, peer, step, cancellation);
            outcomes.Add(await StepAsync(parsed, peer, site, step, progress, cancellation) with { Variant = NameOf(step) });
        }
        return outcomes;
    }

    protected sealed override Task<IReadOnlyList<Outcome>> LoadAsync(ParseResult parsed, Peer peer, Site site, Progress progress, CancellationToken cancellation) =>
        throw new NotSupportedException("There is no one server for all steps");

    protected virtual Task<Site> StartAsync(ParseResult parsed, TargetSettings target, Peer peer, int step, CancellationToken cancellation) => peer.StartAsync(cancellation);

    protected abstract Task<Outcome> StepAsync(ParseResult parsed, Peer peer, Site site, int step, Progress progress, CancellationToken cancellation);
}
