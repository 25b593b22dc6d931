using System.CommandLine;
using Chat.Bench.Faces;
using Chat.Bench.Load;
using Chat.Bench.Reports;
using Chat.Bench.Servers;

namespace Chat.Bench.Scenarios;

/// <summary><c>check</c>: some seconds of every load over every face, for what it finds wrong and not for its figures.</summary>
internal sealed class Check() : Scenario("check", "Some seconds of every load over every face: fails where anything is lost, doubled or out of order")
{
    /// <summary>Modest, so that a busy machine does not change the answer.</summary>
    private static readonly LoadSettings Modest = new()
    {
        Rooms = 2,
        Members = 5,
        Senders = 3,
        Rate = 500,
        Users = 10,
        Warmup = TimeSpan.FromSeconds(0.1),
        Duration = TimeSpan.FromSeconds(0.4),
    };

    protected override bool HasFaces => false;

    protected override bool HasBaselines => false;

    protected override bool HasMeasures => false;

    protected override async Task<IReadOnlyList<Outcome>> LoadAsync(ParseResult parsed, Peer peer, Site site, Progress progress, CancellationToken cancellation)
    {
        List<Outcome> outcomes = [];
        foreach (var name in ChatFaces.Names)
        {
            var face = peer with { Face = ChatFaces.Find(name)! };
            outcomes.Add(await Fanout.LoadAsync(site, face, Modest, progress, cancellation) with { Variant = $"fanout, {name}" });
            outcomes.Add(await Fanout.LoadAsync(site, face, Modest with { InFlight = 2 }, progress, cancellation) with { Variant = $"saturation, {name}" });
            outcomes.Add(await Churn.CycleAsync(site, face, Modest with { Senders = 0 }, progress, cancellation) with { Variant = $"churn, {name}" });
        }
        outcomes.Add(await Sends.LoadAsync(site, peer, Modest with { Rooms = 8, Members = 1, Senders = 1, InFlight = 2, EndsWithAck = true, Users = 8 }, progress, cancellation) with { Variant = "sends" });
        outcomes.Add(await Streams.FromOutsideAsync(site, Modest with { Rooms = 4, Members = 3, Senders = 1, Users = 12 }, tokens: 20, TimeSpan.Zero, progress, cancellation) with { Variant = "streams" });
        return outcomes;
    }
}
