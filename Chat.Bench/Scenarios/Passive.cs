using System.CommandLine;
using System.Diagnostics;
using Chat.Bench.Load;
using Chat.Bench.Measure;
using Chat.Bench.Reports;
using Chat.Bench.Servers;

namespace Chat.Bench.Scenarios;

/// <summary><c>passive</c>: sessions that are in the server's memory, with nobody there.</summary>
internal sealed class Passive() : Scenario("passive", "Sessions in memory that nobody is in: what memory each costs")
{
    /// <summary>Made before the memory is first looked at, so that what a server loads and compiles once is not counted.</summary>
    private const int First = 500;

    private readonly Option<int> _sessions = MeasureOptions.CountOption("--sessions", "Sessions, each with two members.", 5_000, least: 2 * First);
    private readonly TimeOption _settle = new("--settle", "Waited before memory is looked at, twice.", "10s");

    protected override bool HasRemote => false;

    protected override IReadOnlyList<string> ServerSettings(ParseResult parsed) => ["chat.sessions.passivate-after=1h"];

    protected override void AddOptions(Command command)
    {
        command.Add(_sessions);
        command.Add(_settle);
    }

    protected override void Check(ParseResult parsed)
    {
        if (Target.Peers(parsed, Target.Read(parsed)).FirstOrDefault(peer => peer.IsBaseline) is { } baseline)
        {
            throw new BenchException($"The {baseline.Name} baseline keeps no sessions: passive is compared with akka alone.");
        }
    }

    protected override async Task<IReadOnlyList<Outcome>> LoadAsync(ParseResult parsed, Peer peer, Site site, Progress progress, CancellationToken cancellation)
    {
        var (sessions, settle) = (parsed.GetValue(_sessions), _settle.Read(parsed));
        await MakeAsync(First);
        var before = await Idle.SettleAsync(site, settle, progress, cancellation);
        await MakeAsync(sessions - First);
        var (made, own, begun) = (await site.UsageAsync(cancellation), ProcessUsage.OfThis(), Stopwatch.GetTimestamp());
        var after = await Idle.SettleAsync(site, settle, progress, cancellation);
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        return
        [
            new Outcome
            {
                Unit = "sessions",
                Seconds = seconds,
                Count = sessions,
                KbEach = (after?.Memory - before?.Memory) / 1e3 / (sessions - First),
                ServerCpu = (after?.Cpu - made?.Cpu) / seconds,
                MemoryMb = after?.Memory / 1e6,
                BenchCpu = (ProcessUsage.OfThis().Cpu - own.Cpu) / seconds,
            },
        ];

        async Task MakeAsync(int count)
        {
            progress.Say($"{count} sessions are made");
            await using var run = new LoadRun(site, peer.Face, new LoadSettings { Rooms = count, Members = 2, Senders = 0, Users = 2 * count }, progress);
            await run.CreateAsync(cancellation);
        }
    }
}
