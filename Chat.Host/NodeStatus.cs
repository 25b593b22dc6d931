using Chat.Actors.Cluster;
using Chat.Host.Connections;
using Chat.Host.Endpoints.Metrics;

namespace Chat.Host;

/// <summary>This node's report for operators, and those of the others.</summary>
internal sealed class NodeStatus
{
    private const string CommitSeconds = "chat_journal_append_duration_seconds";

    private readonly ChatNode _node;
    private readonly ConnectionRegistry _sockets;
    private readonly MetricsCollector _metrics;
    private readonly NodeDrain _drain;
    private readonly NodeReports? _reports;

    public NodeStatus(ChatNode node, ConnectionRegistry sockets, MetricsCollector metrics, NodeDrain drain, TimeProvider time)
    {
        (_node, _sockets, _metrics, _drain) = (node, sockets, metrics, drain);
        _reports = node.OpenReports(ReadOwnAsync, drain.Begin, time);
    }

    public async Task<IReadOnlyDictionary<string, NodeReport>> ReadAsync() =>
        _reports is not null ? await _reports.ReadAsync() : new Dictionary<string, NodeReport> { [_node.Name] = await ReadOwnAsync() };

    /// <summary>False where there is no such node.</summary>
    public bool TryDrain(string name)
    {
        if (_reports is not null)
        {
            return _reports.TryDrain(name);
        }
        if (name == _node.Name)
        {
            _drain.Begin();
        }
        return name == _node.Name;
    }

    private async Task<NodeReport> ReadOwnAsync()
    {
        var (loaded, homed) = _node.CountSessions();
        var (commits, mean, p99) = Commits();
        return new NodeReport(_node.Name, loaded, homed, _sockets.Count, _node.IsClusterUp, await _node.MeasureBusAsync(), commits, mean, p99);
    }

    private (long Count, double? MeanMs, double? P99Ms) Commits()
    {
        if (_metrics.Collect().FirstOrDefault(family => family.Name == CommitSeconds)?.Series.Select(series => series.Value).FirstOrDefault() is not { } series)
        {
            return (0, null, null);
        }
        var (sum, counts) = series.Read();
        var count = counts.Sum();
        var seen = 0L;
        for (var i = 0; i < series.Bounds.Count; i++)
        {
            seen += counts[i];
            if (count > 0 && seen >= 0.99 * count)
            {
                return (count, Math.Round(sum / count * 1000, 2), series.Bounds[i] * 1000);
            }
        }
        return (count, count > 0 ? Math.Round(sum / count * 1000, 2) : null, null);
    }
}
