using System.CommandLine;
using Chat.Bench.Load;
using Chat.Bench.Measure;
using Chat.Bench.Reports;
using Chat.Bench.Scenarios;
using Chat.Bench.Servers;

namespace Chat.Bench.Growth;

/// <summary><c>growth connections</c>: connections that say nothing, beside a load that stays the same.</summary>
internal sealed class ConnectionsCurve() : FreshCurve("connections", "Connections that say nothing, beside rooms that are loaded", "idle connections", "100,1000,5000,20000", most: 1_000_000)
{
    private const int LargestRoom = 10;

    private readonly SteadyLoad _load = new();
    private readonly TimeOption _settle = new("--settle", $"Waited before memory is looked at, twice; from {Idle.Least} connections on.", "10s");

    protected override void AddOptions(Command command)
    {
        base.AddOptions(command);
        _load.AddTo(command);
        command.Add(_settle);
    }

    protected override int SocketsAt(ParseResult parsed, int step) => step + _load.Sockets(parsed);

    protected override async Task<Outcome> StepAsync(ParseResult parsed, Peer peer, Site site, int step, Progress progress, CancellationToken cancellation)
    {
        var members = Enumerable.Range(1, LargestRoom).Last(members => step % members == 0);
        await using var idle = new LoadRun(site, peer.Face, new LoadSettings { Rooms = step / members, Members = members, Senders = 0, Users = step }, progress);
        double? size = null;
        if (step >= Idle.Least)
        {
            size = (await Idle.EnterAsync(site, idle, _settle.Read(parsed), progress, cancellation)).KbEach;
        }
        else
        {
            await idle.OpenAsync(cancellation);
        }
        var outcome = await Fanout.LoadAsync(site, peer, Measured.Apply(parsed, _load.Read(parsed)), progress, cancellation);
        return outcome with
        {
            KbEach = size,
            Faults = outcome.Faults + new Faults { Stray = idle.Tally.Stray },
            Ends = outcome.Ends + idle.Tally.Ends,
            Trouble = outcome.Trouble ?? idle.Tally.FirstTrouble,
        };
    }
}
