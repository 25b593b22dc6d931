using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Chat.Bench.Faces;
using Chat.Bench.Load;
using Chat.Bench.Reports;
using Chat.Bench.Servers;

namespace Chat.Bench.Scenarios;

/// <summary><c>streams</c>: answers of agents, chunk by chunk, to those who read them.</summary>
internal sealed class Streams() : Scenario("streams", "Answers of agents to their readers: what a chunk costs and how long it takes")
{
    private const string Outside = "outside", Echo = "echo";

    /// <summary>The longest answer of an outside agent (docs/protocol.md).</summary>
    private const int LongestAnswer = 200_000;

    private readonly Option<int> _streams = MeasureOptions.CountOption("--streams", "Agents that write at once, each in a session of its own.", 100);
    private readonly Option<int> _readers = MeasureOptions.CountOption("--readers", "Readers of each.", 2, most: 10_000);
    private readonly Option<int> _rate = MeasureOptions.CountOption("--rate", "Chunk deliveries offered per second, over all readers.", 10_000, most: 10_000_000);
    private readonly Option<int> _tokens = MeasureOptions.CountOption("--tokens", "Tokens of one answer, each a chunk; the next answer follows.", 200, most: 3_000);
    private readonly TimeOption _firstDelay = new("--first-delay", "Between an answer's start and its first token.", "0s");
    private readonly TimeOption _think = new("--think", "What an agent waits on average before its next answer (exponentially distributed).", "0s");
    private readonly Option<int> _size = MeasureOptions.CountOption("--size", "Bytes of a chunk.", 50, least: Stamp.Length, most: 10_000);

    private readonly Option<string> _agent = new("--agent")
    {
        Description = "outside: agents of this program's own write over the native WebSocket (role agent), and chunks have a latency. echo: the server's own agent, scripted by the message, with --set chat.stream.delay=10ms; the latency is that of the first chunk, from the question.",
        HelpName = $"{Outside}|{Echo}",
        DefaultValueFactory = _ => Outside,
    };

    protected override bool HasFaces => false;

    protected override bool HasBaselines => false;

    protected override void AddOptions(Command command)
    {
        _agent.AcceptOnlyFromAmong(Outside, Echo);
        foreach (Option option in new Option[] { _streams, _readers, _rate, _tokens, _firstDelay, _think, _size, _agent })
        {
            command.Add(option);
        }
    }

    protected override void Check(ParseResult parsed)
    {
        if (parsed.GetValue(_tokens) * parsed.GetValue(_size) > LongestAnswer)
        {
            throw new BenchException($"--tokens times --size must be {LongestAnswer} at most: the server takes no longer answer.");
        }
    }

    protected override IReadOnlyList<string> ServerSettings(ParseResult parsed) => parsed.GetValue(_agent) == Echo ? ["chat.stream.delay=10ms"] : [];

    protected override async Task<IReadOnlyList<Outcome>> LoadAsync(ParseResult parsed, Peer peer, Site site, Progress progress, CancellationToken cancellation)
    {
        var isOutside = parsed.GetValue(_agent) == Outside;
        var (streams, members) = (parsed.GetValue(_streams), parsed.GetValue(_readers) + (isOutside ? 1 : 0));
        var settings = Measured.Apply(parsed, new LoadSettings
        {
            Rooms = streams,
            Members = members,
            Senders = 1,
            Rate = parsed.GetValue(_rate),
            Size = parsed.GetValue(_size),
            Users = streams * members,
            Think = _think.Read(parsed),
        });
        var (tokens, firstDelay) = (parsed.GetValue(_tokens), _firstDelay.Read(parsed));
        return [isOutside ? await FromOutsideAsync(site, settings, tokens, firstDelay, progress, cancellation) : await FromEchoAsync(site, settings, tokens, firstDelay, progress, cancellation)];
    }

    internal static async Task<Outcome> FromOutsideAsync(Site site, LoadSettings settings, int tokens, TimeSpan firstDelay, Progress progress, CancellationToken cancellation)
    {
        await using var run = new LoadRun(site, marker => new StreamFace(marker, tokens), settings, progress, agents: 1);
        await run.OpenAsync(cancellation);
        var period = (long)(Stopwatch.Frequency * (double)settings.Rooms * (settings.Members - 1) / settings.Rate);
        var begin = Stopwatch.GetTimestamp();
        foreach (var room in run.Rooms)
        {
            // Not all in the same moment.
            var offset = (long)(((double)room.Number / run.Rooms.Count * period) + (settings.Ramp.TotalSeconds * Stopwatch.Frequency * room.Number / run.Rooms.Count));
            new OutsideAgent(run, room.Members[0], tokens, period, (long)(firstDelay.TotalSeconds * Stopwatch.Frequency)).Begin(begin + offset);
        }
        return await run.MeasureAsync("chunks", () => run.Tally.Deliveries, run.Tally.Shown, cancellation);
    }

    private static async Task<Outcome> FromEchoAsync(Site site, LoadSettings settings, int tokens, TimeSpan firstDelay, Progress progress, CancellationToken cancellation)
    {
        var rate = settings.Rate / settings.Rooms / settings.Members;
        await using var run = new LoadRun(site, marker => new EchoFace(marker, tokens, rate, firstDelay), settings, progress);
        ((EchoFace)run.Face).Ended = member => Ask(member, Stopwatch.GetTimestamp() + run.ThinkTicks());
        await run.OpenAsync(cancellation);
        foreach (var room in run.Rooms)
        {
            Ask(room.Members[0], Stopwatch.GetTimestamp() + (long)(settings.Ramp.TotalSeconds * Stopwatch.Frequency * room.Number / run.Rooms.Count));
        }
        return await run.MeasureAsync("chunks", () => run.Tally.Chunks, run.Tally.Acknowledged, cancellation);

        void Ask(Member member, long due) => run.Pacer.At(due, due =>
        {
            if (!run.IsStopped)
            {
                member.Post(due);
            }
        });
    }
}
