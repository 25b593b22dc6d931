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
    public SessionSnapshot? Snapshot { get; set; }

    /// <summary>Null where the journal did not confirm.</summary>
    public AppendResult? Result { get; set; }

    /// <summary>What the journal threw that tells nothing of the storage: a fault of the program.</summary>
    public Exception? Fault { get; set; }

    /// <summary>Set after the two above, before <see cref="AppendDone"/> is posted. Stays false where the append was never tried.</summary>
    public bool IsDone
    {
        get => Volatile.Read(ref _isDone);
        set => Volatile.Write(ref _isDone, value);
    }

    /// <summary>Never fails; completes after <see cref="IsDone"/> has been set.</summary>
    public Task Append { get; set; } = Task.CompletedTask;

    public IReadOnlyList<(Waiting Waiting, Action Answer)> Answers => _answers;

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
