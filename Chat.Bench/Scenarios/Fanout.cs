using System.CommandLine;
using Chat.Bench.Load;
using Chat.Bench.Reports;
using Chat.Bench.Servers;

namespace Chat.Bench.Scenarios;

/// <summary><c>fanout</c>: messages of some to all members of their rooms.</summary>
internal sealed class Fanout() : Scenario("fanout", "Messages to all members of rooms: what a delivery costs and how long it takes at a steady rate, or how many the server can do")
{
    private readonly Option<int> _rooms = MeasureOptions.CountOption("--rooms", "Rooms.", 1);
    private readonly Option<int> _members = MeasureOptions.CountOption("--members", "Members of each room, all of whom receive.", 200, most: 10_000);
    private readonly Option<int> _senders = MeasureOptions.CountOption("--senders", "Members of each room who send, at most.", 10);
    private readonly Option<int> _rate = MeasureOptions.CountOption("--rate", "Open loop: deliveries offered per second, over all rooms, whether the server keeps up or not.", 20_000, most: 100_000_000);
    private readonly Option<int> _inFlight = MeasureOptions.CountOption("--in-flight", "Closed loop, instead of --rate: so many messages of each sender are under way at any time; one is through when all members have it.", 0, least: 0, most: 10_000);
    private readonly Option<int> _size = MeasureOptions.CountOption("--size", "Bytes of a message's content.", 100, least: Stamp.Length, most: 20_000);
    private readonly Option<int> _users = MeasureOptions.CountOption("--users", "Users who share the places of all rooms; 0 gives each member a user of its own.", 0, least: 0);
    private readonly TimeOption _think = new("--think", "Closed loop: what a sender waits on average before its next message (exponentially distributed).", "0s");

    protected override void AddOptions(Command command)
    {
        foreach (Option option in new Option[] { _rooms, _members, _senders, _rate, _inFlight, _size, _users, _think })
        {
            command.Add(option);
        }
    }

    protected override void Check(ParseResult parsed)
    {
        if (parsed.GetValue(_users) is > 0 and var users && users < parsed.GetValue(_members))
        {
            throw new BenchException("--users must be as many as --members at least: a room has each user once.");
        }
        if (parsed.GetValue(_inFlight) > 0 && parsed.GetResult(_rate) is { Implicit: false })
        {
            throw new BenchException("--rate and --in-flight exclude each other: open loop or closed.");
        }
        if (parsed.GetValue(_inFlight) == 0 && _think.Read(parsed) > TimeSpan.Zero)
        {
            throw new BenchException("--think needs --in-flight.");
        }
    }

    protected override async Task<IReadOnlyList<Outcome>> LoadAsync(ParseResult parsed, Peer peer, Site site, Progress progress, CancellationToken cancellation)
    {
        var (rooms, members, users) = (parsed.GetValue(_rooms), parsed.GetValue(_members), parsed.GetValue(_users));
        var settings = Measured.Apply(parsed, new LoadSettings
        {
            Rooms = rooms,
            Members = members,
            Senders = Math.Min(members, parsed.GetValue(_senders)),
            Rate = parsed.GetValue(_rate),
            InFlight = parsed.GetValue(_inFlight),
            Size = parsed.GetValue(_size),
            Users = users == 0 ? rooms * members : users,
            Think = _think.Read(parsed),
        });
        return [await LoadAsync(site, peer, settings, progress, cancellation)];
    }

    internal static async Task<Outcome> LoadAsync(Site site, Peer peer, LoadSettings settings, Progress progress, CancellationToken cancellation)
    {
        await using var run = new LoadRun(site, peer.Face, settings, progress);
        await run.OpenAsync(cancellation);
        run.Begin();
        return await run.MeasureAsync("deliveries", () => run.Tally.Deliveries, run.Tally.Shown, cancellation);
    }
}
