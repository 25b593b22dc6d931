using System.CommandLine;
using System.Diagnostics;
using System.Net.Sockets;
using Chat.Bench.Load;
using Chat.Bench.Reports;
using Chat.Bench.Servers;

namespace Chat.Bench.Scenarios;

/// <summary><c>churn</c>: members who come and go.</summary>
internal sealed class Churn() : Scenario("churn", "Connecting, joining and leaving, over and over: how many cycles per second")
{
    private readonly Option<int> _clients = MeasureOptions.CountOption("--clients", "Clients that do so at once.", 16, most: 10_000);
    private readonly Option<int> _perRoom = MeasureOptions.CountOption("--per-room", "Of these, so many in each room, who are told of each other's coming and going.", 4, most: 10_000);
    private readonly TimeOption _think = new("--think", "What a client waits on average between two cycles (exponentially distributed).", "0s");

    protected override void AddOptions(Command command)
    {
        foreach (Option option in new Option[] { _clients, _perRoom, _think })
        {
            command.Add(option);
        }
    }

    protected override async Task<IReadOnlyList<Outcome>> LoadAsync(ParseResult parsed, Peer peer, Site site, Progress progress, CancellationToken cancellation)
    {
        var perRoom = Math.Min(parsed.GetValue(_perRoom), parsed.GetValue(_clients));
        var rooms = (parsed.GetValue(_clients) + perRoom - 1) / perRoom;
        var settings = Measured.Apply(parsed, new LoadSettings { Rooms = rooms, Members = perRoom, Senders = 0, Users = rooms * perRoom, Think = _think.Read(parsed) });
        return [await CycleAsync(site, peer, settings, progress, cancellation)];
    }

    internal static async Task<Outcome> CycleAsync(Site site, Peer peer, LoadSettings settings, Progress progress, CancellationToken cancellation)
    {
        await using var run = new LoadRun(site, peer.Face, settings, progress);
        await run.CreateAsync(cancellation);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var cycling = run.Rooms.SelectMany(room => room.Members).Select(member => CycleAsync(run, member, stop.Token)).ToList();
        var outcome = await run.MeasureAsync("cycles", () => run.Tally.Acks, run.Tally.Acknowledged, cancellation);
        await stop.CancelAsync();
        await Task.WhenAll(cycling);
        return outcome;
    }

    private static async Task CycleAsync(LoadRun run, Member member, CancellationToken cancellation)
    {
        try
        {
            while (!run.IsStopped)
            {
                var begun = Stopwatch.GetTimestamp();
                try
                {
                    await member.ConnectAsync(cancellation);
                    await member.EntryAsync(cancellation);
                    await member.LeaveAsync(cancellation);
                    run.Tally.Cycle(begun, Stopwatch.GetTimestamp());
                }
                catch (Exception e) when (e is IOException or SocketException)
                {
                    run.Tally.Refuse(e.Message);
                }
                await Task.Delay(TimeSpan.FromSeconds((double)run.ThinkTicks() / Stopwatch.Frequency), cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }
}
