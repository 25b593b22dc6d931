using System.CommandLine;
using Chat.Bench.Load;
using Chat.Bench.Reports;
using Chat.Bench.Servers;

namespace Chat.Bench.Scenarios;

/// <summary><c>sends</c>: messages that hardly anybody reads, so that what is measured is how fast they are stored.</summary>
internal sealed class Sends() : Scenario("sends", "Sends that are acknowledged when they are durable: how many per second, with so many in flight")
{
    private readonly NumbersOption _inFlight = new(
        "--in-flight", "Sends under way at once, each number a load of its own. They are spread over as many sessions, each of one user, who is its only member and reader.", "1,64,512", most: 100_000);

    private readonly Option<int> _perSession = MeasureOptions.CountOption("--per-session", "Of these, so many in each session, of one socket. The server acts on 64 of one socket at once.", 1, most: 10_000);
    private readonly Option<int> _size = MeasureOptions.CountOption("--size", "Bytes of a message's content.", 100, least: Stamp.Length, most: 20_000);
    private readonly TimeOption _think = new("--think", "What a sender waits on average before its next message (exponentially distributed).", "0s");

    /// <summary>The others acknowledge too, but not all faces of all servers.</summary>
    protected override bool HasFaces => false;

    protected override void AddOptions(Command command)
    {
        foreach (Option option in new Option[] { _inFlight, _perSession, _size, _think })
        {
            command.Add(option);
        }
    }

    protected override void Check(ParseResult parsed)
    {
        if (_inFlight.Read(parsed).Any(number => number > parsed.GetValue(_perSession) && number % parsed.GetValue(_perSession) != 0))
        {
            throw new BenchException("--in-flight takes multiples of --per-session.");
        }
    }

    protected override async Task<IReadOnlyList<Outcome>> LoadAsync(ParseResult parsed, Peer peer, Site site, Progress progress, CancellationToken cancellation)
    {
        List<Outcome> outcomes = [];
        foreach (var inFlight in _inFlight.Read(parsed))
        {
            var perSession = Math.Min(parsed.GetValue(_perSession), inFlight);
            var settings = Measured.Apply(parsed, new LoadSettings
            {
                Rooms = inFlight / perSession,
                Members = 1,
                Senders = 1,
                InFlight = perSession,
                EndsWithAck = true,
                Size = parsed.GetValue(_size),
                Users = inFlight / perSession,
                Think = _think.Read(parsed),
            });
            progress.Say($"{inFlight} in flight");
            outcomes.Add(await LoadAsync(site, peer, settings, progress, cancellation) with { Variant = $"{inFlight} in flight" });
        }
        return outcomes;
    }

    internal static async Task<Outcome> LoadAsync(Site site, Peer peer, LoadSettings settings, Progress progress, CancellationToken cancellation)
    {
        await using var run = new LoadRun(site, peer.Face, settings, progress);
        await run.OpenAsync(cancellation);
        run.Begin();
        return await run.MeasureAsync("sends", () => run.Tally.Acks, run.Tally.Acknowledged, cancellation);
    }
}
