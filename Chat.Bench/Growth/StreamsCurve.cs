using System.CommandLine;
using Chat.Bench.Load;
using Chat.Bench.Reports;
using Chat.Bench.Scenarios;
using Chat.Bench.Servers;

namespace Chat.Bench.Growth;

/// <summary><c>growth streams</c>: answers of outside agents that become faster.</summary>
internal sealed class StreamsCurve() : FreshCurve("streams", "Chunks per second of outside agents with two readers each", "chunk deliveries/s", "1000,5000,10000,20000", most: 10_000_000)
{
    /// <summary>The agent and its readers.</summary>
    private const int Members = 3;

    /// <summary>Of an answer, and bytes of each, as <c>streams</c> has them by default.</summary>
    private const int Tokens = 200, Size = 50;

    private readonly Option<int> _agents = MeasureOptions.CountOption("--agents", "Agents that write at once, each in a session of its own.", 100);

    protected override void AddOptions(Command command)
    {
        base.AddOptions(command);
        command.Add(_agents);
    }

    protected override int SocketsAt(ParseResult parsed, int step) => parsed.GetValue(_agents) * Members;

    protected override Task<Outcome> StepAsync(ParseResult parsed, Peer peer, Site site, int step, Progress progress, CancellationToken cancellation)
    {
        var agents = parsed.GetValue(_agents);
        var settings = new LoadSettings { Rooms = agents, Members = Members, Senders = 1, Rate = step, Size = Size, Users = agents * Members };
        return Streams.FromOutsideAsync(site, Measured.Apply(parsed, settings), Tokens, TimeSpan.Zero, progress, cancellation);
    }
}
