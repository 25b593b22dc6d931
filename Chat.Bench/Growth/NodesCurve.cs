using System.CommandLine;
using Chat.Bench.Reports;
using Chat.Bench.Scenarios;
using Chat.Bench.Servers;

namespace Chat.Bench.Growth;

/// <summary><c>growth nodes</c>: nodes of one cluster, over which the members of each room are spread; CPU and memory are those of all nodes.</summary>
internal sealed class NodesCurve() : FreshCurve("nodes", "Nodes of one cluster, over which the members of each room are spread. Needs --database and --redis, whose own CPU is not counted", "nodes", "1,2,3", most: 9)
{
    private readonly SteadyLoad _load = new();
    private readonly Option<string?> _redis = new("--redis") { Description = "The nodes' Redis.", HelpName = "redis://HOST:PORT" };

    protected override void AddOptions(Command command)
    {
        base.AddOptions(command);
        _load.AddTo(command);
        command.Add(_redis);
    }

    protected override void Check(ParseResult parsed)
    {
        if (Target.Read(parsed).Database is null || parsed.GetValue(_redis) is null)
        {
            throw new BenchException("Nodes of one cluster share a PostgreSQL and a Redis: say --database and --redis.");
        }
        base.Check(parsed);
    }

    protected override int SocketsAt(ParseResult parsed, int step) => _load.Sockets(parsed);

    protected override Task<Site> StartAsync(ParseResult parsed, TargetSettings target, Peer peer, int step, CancellationToken cancellation) =>
        Peers.StartClusterAsync(target, parsed.GetValue(_redis)!, step, cancellation);

    protected override Task<Outcome> StepAsync(ParseResult parsed, Peer peer, Site site, int step, Progress progress, CancellationToken cancellation) =>
        Fanout.LoadAsync(site, peer, Measured.Apply(parsed, _load.Read(parsed)), progress, cancellation);
}
