using System.CommandLine;
using System.Diagnostics;
using Chat.Bench.Load;
using Chat.Bench.Measure;
using Chat.Bench.Reports;
using Chat.Bench.Servers;

namespace Chat.Bench.Scenarios;

/// <summary><c>idle</c>: connections on which nothing happens.</summary>
internal sealed class Idle() : Scenario("idle", "Connections that say nothing: what memory each costs")
{
    /// <summary>Fewer say nothing of memory.</summary>
    internal const int Least = 2 * First;

    /// <summary>Come in before the memory is first looked at, so that what a server loads and compiles once is not counted.</summary>
    private const int First = 100;

    private readonly Option<int> _connections = MeasureOptions.CountOption("--connections", "Connections.", 5_000, least: Least);
    private readonly Option<int> _perRoom = MeasureOptions.CountOption("--per-room", "Members of each room.", 10, most: 10_000);
    private readonly TimeOption _settle = new("--settle", "Waited before memory is looked at, twice; CPU is measured over the second.", "10s");

    protected override void AddOptions(Command command)
    {
        foreach (Option option in new Option[] { _connections, _perRoom, _settle })
        {
            command.Add(option);
        }
    }

    protected override async Task<IReadOnlyList<Outcome>> LoadAsync(ParseResult parsed, Peer peer, Site site, Progress progress, CancellationToken cancellation)
    {
        var perRoom = parsed.GetValue(_perRoom);
        var rooms = (parsed.GetValue(_connections) + perRoom - 1) / perRoom;
        var settings = new LoadSettings { Rooms = rooms, Members = perRoom, Senders = 0, Users = rooms * perRoom };
        await using var run = new LoadRun(site, peer.Face, settings, progress);
        return [await EnterAsync(site, run, _settle.Read(parsed), progress, cancellation)];
    }

    /// <summary>Brings everyone in, at least <see cref="Least"/>, and says what memory each costs once the server has settled. They stay in.</summary>
    internal static async Task<Outcome> EnterAsync(Site site, LoadRun run, TimeSpan settle, Progress progress, CancellationToken cancellation)
    {
        progress.Say($"{run.Rooms.Count} rooms are made");
        await run.CreateAsync(cancellation);
        var members = run.Rooms.SelectMany(room => room.Members).ToList();
        await LoadRun.ConnectAsync(members.Take(First), cancellation);
        var before = await SettleAsync(site, settle, progress, cancellation);
        progress.Say($"{members.Count - First} members come in");
        await LoadRun.ConnectAsync(members.Skip(First), cancellation);
        await run.ProbeAsync(cancellation);
        var (entered, own, begun) = (await site.UsageAsync(cancellation), ProcessUsage.OfThis(), Stopwatch.GetTimestamp());
        var after = await SettleAsync(site, settle, progress, cancellation);
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        return new Outcome
        {
            Unit = "connections",
            Seconds = seconds,
            Count = members.Count - run.Tally.Ends,
            KbEach = (after?.Memory - before?.Memory) / 1e3 / (members.Count - First),
            ServerCpu = (after?.Cpu - entered?.Cpu) / seconds,
            MemoryMb = after?.Memory / 1e6,
            BenchCpu = (ProcessUsage.OfThis().Cpu - own.Cpu) / seconds,
            Ends = run.Tally.Ends,
            Trouble = run.Tally.FirstTrouble,
        };
    }

    internal static async Task<ProcessUsage?> SettleAsync(Site site, TimeSpan time, Progress progress, CancellationToken cancellation)
    {
        await Task.Delay(time, cancellation);
        var usage = await site.UsageAsync(cancellation);
        progress.Say($"settled at {usage?.Memory / 1e6:F1} MB");
        return usage;
    }
}
