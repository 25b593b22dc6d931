using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Chat.Actors.Cluster;

/// <summary>Asks all nodes how they are, and tells one to stop. Sealed by the bus: only a node of the cluster can.</summary>
public sealed class NodeReports : IDisposable
{
    private const string Everyone = "ops";

    /// <summary>A node that has not answered by then is shown without a report.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly INodeBus _bus;
    private readonly INodeRegistry _registry;
    private readonly Func<Task<NodeReport>> _own;
    private readonly Action _drain;
    private readonly TimeProvider _time;
    private readonly IDisposable[] _inboxes;
    private readonly ConcurrentDictionary<long, Question> _questions = new();
    private long _last;

    /// <param name="own">This node's report.</param>
    /// <param name="drain">Makes this node stop in order.</param>
    public NodeReports(INodeBus bus, INodeRegistry registry, Func<Task<NodeReport>> own, Action drain, TimeProvider time)
    {
        (_bus, _registry, _own, _drain, _time) = (bus, registry, own, drain, time);
        _inboxes = [bus.Subscribe(Everyone, Take), bus.Subscribe(InboxOf(registry.Self), Take)];
    }

    /// <summary>Of the nodes that answered in time, by name.</summary>
    public async Task<IReadOnlyDictionary<string, NodeReport>> ReadAsync()
    {
        var others = _registry.Nodes.Count(node => node.Name != _registry.Self);
        var (number, question) = (Interlocked.Increment(ref _last), new Question(others));
        _questions[number] = question;
        if (others > 0 && _bus.IsUp)
        {
            _bus.Publish(Everyone, new OpsNote { Asker = _registry.Self, Number = number }.Encode());
        }
        else
        {
            question.Answered.TrySetResult();
        }
        var own = await _own();
        await question.Answered.Task.WaitAsync(Patience, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _questions.TryRemove(number, out _);
        question.Reports[own.Name] = own;
        return question.Reports;
    }

    /// <summary>False where there is no such node. Another node is told, once; whether it heard shows in the list of nodes.</summary>
    public bool TryDrain(string node)
    {
        if (node == _registry.Self)
        {
            _drain();
            return true;
        }
        if (_registry.Nodes.All(n => n.Name != node))
        {
            return false;
        }
        _bus.Publish(InboxOf(node), new OpsNote { Asker = _registry.Self, Drain = true }.Encode());
        return true;
    }

    public void Dispose()
    {
        foreach (var inbox in _inboxes)
        {
            inbox.Dispose();
        }
    }

    private void Take(ReadOnlyMemory<byte> message)
    {
        var note = JsonSerializer.Deserialize(message.Span, OpsJson.Default.OpsNote);
        if (note is { Drain: true })
        {
            _drain();
        }
        else if (note is { Report: { } report } && _questions.TryGetValue(note.Number, out var question))
        {
            question.Take(report);
        }
        else if (note is { Report: null })
        {
            _ = AnswerAsync(note);
        }
    }

    private async Task AnswerAsync(OpsNote asked) =>
        _bus.Publish(InboxOf(asked.Asker), new OpsNote { Asker = asked.Asker, Number = asked.Number, Report = await _own() }.Encode());

    private static string InboxOf(string node) => "ops:" + node;

    private sealed class Question(int others)
    {
        public ConcurrentDictionary<string, NodeReport> Reports { get; } = new(StringComparer.Ordinal);

        public TaskCompletionSource Answered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Take(NodeReport report)
        {
            Reports[report.Name] = report;
            if (Reports.Count >= others)
            {
                Answered.TrySetResult();
            }
        }
    }
}

/// <summary>How a node is.</summary>
/// <param name="SessionsHomed">Of those in memory.</param>
/// <param name="Connections">Open sockets; Socket.IO sessions are among them.</param>
/// <param name="BusLagMs">To Redis and back; null where it does not answer.</param>
/// <param name="Commits">Appends answered since the node's start.</param>
/// <param name="CommitP99Ms">The upper bound of the bucket that the 99th of 100 is in.</param>
public sealed record NodeReport(
    string Name, int SessionsLoaded, int SessionsHomed, int Connections, bool BusIsUp, double? BusLagMs, long Commits, double? CommitMeanMs, double? CommitP99Ms);

/// <summary>A question, an answer, or an order.</summary>
internal sealed record OpsNote
{
    public required string Asker { get; init; }
    public long Number { get; init; }
    public NodeReport? Report { get; init; }
    public bool Drain { get; init; }

    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(this, OpsJson.Default.OpsNote);
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(OpsNote))]
internal sealed partial class OpsJson : JsonSerializerContext;
