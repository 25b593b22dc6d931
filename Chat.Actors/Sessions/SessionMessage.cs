using System.Diagnostics;
using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>What lies in a session's mailbox.</summary>
internal abstract record SessionMessage;

/// <summary>Someone waits for an answer.</summary>
internal abstract record Waiting : SessionMessage
{
    /// <summary>How often an append on its behalf was not confirmed.</summary>
    public int Failures { get; set; }

    /// <summary>How often another node's append came before one on its behalf.</summary>
    public int Conflicts { get; set; }

    /// <summary>It waits on an append, which will answer it.</summary>
    public bool IsPlaced { get; set; }

    /// <summary>Appends on its behalf that were not confirmed, with the answers that are right if one was stored after all.</summary>
    public List<(AppendBatch Batch, Action Answer)>? Unconfirmed { get; set; }

    public abstract void Fail(Exception fault);

    public abstract void Refuse(Rejected rejected);
}

/// <param name="From">Null for this node's own.</param>
/// <param name="At">When it was posted, to be compared with events' times.</param>
/// <param name="PostedAt">The same as a timestamp, to measure its age by, which no change of the clock touches.</param>
/// <param name="Span">Of the ask; null while nobody traces.</param>
internal sealed record Ask(SessionCommand Command, AskingNode? From, DateTimeOffset At, long PostedAt, Activity? Span = null) : Waiting
{
    private readonly TaskCompletionSource<Reply> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<Reply> Reply => _reply.Task;

    public void Answer(Reply reply) => _reply.TrySetResult(reply);

    public override void Fail(Exception fault) => _reply.TrySetException(fault);

    public override void Refuse(Rejected rejected) => Answer(rejected);
}

/// <summary>One that acts itself on what this one does not do in time.</summary>
/// <param name="Row">The higher, the later: see <see cref="Cluster.NodeAsks.NewRow"/>.</param>
public readonly record struct AskingNode(string Name, long Row);

internal sealed record Read : Waiting
{
    private readonly TaskCompletionSource<SessionView?> _view = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<SessionView?> View => _view.Task;

    public void Answer(SessionView? view) => _view.TrySetResult(view);

    public override void Fail(Exception fault) => _view.TrySetException(fault);

    public override void Refuse(Rejected rejected) => Fail(new Persistence.JournalUnavailableException(rejected.Text));
}

/// <summary>An append has ended, one way or the other.</summary>
internal sealed record AppendDone : SessionMessage;

/// <summary>The state was dropped and is to be read from the log again.</summary>
internal sealed record Recover : SessionMessage;
