using Chat.Actors.Delivery;
using Chat.Actors.Persistence;
using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>Events of one append, and everyone who is answered when it is durable.</summary>
internal sealed class AppendBatch(AppendChain chain, long expectedHead)
{
    private readonly List<(Waiting Waiting, Action Answer)> _answers = [];
    private bool _isDone;

    public AppendChain Chain { get; } = chain;
    public long ExpectedHead { get; } = expectedHead;
    public List<SessionEvent> Events { get; } = [];

    /// <summary>The same events as readers will get them.</summary>
    public List<EncodedEvent> Encoded { get; } = [];

    /// <summary>State as of the last event, to be kept once that is durable.</summary>
    public StoredSnapshot? Snapshot { get; set; }

    /// <summary>Set before <see cref="IsDone"/>; null where the journal did not confirm.</summary>
    public AppendResult? Result { get; set; }

    /// <summary>Set before <see cref="AppendDone"/> is posted.</summary>
    public bool IsDone
    {
        get => Volatile.Read(ref _isDone);
        set => Volatile.Write(ref _isDone, value);
    }

    public Task Append { get; set; } = Task.CompletedTask;

    public IEnumerable<Waiting> Waiting => _answers.Select(a => a.Waiting);

    public void Add(Waiting waiting, Action answer)
    {
        waiting.IsPlaced = true;
        _answers.Add((waiting, answer));
    }

    public void AnswerAll()
    {
        foreach (var (_, answer) in _answers)
        {
            answer();
        }
    }
}
