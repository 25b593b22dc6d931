using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>Agents' answers: who may write one, under which epoch, and how it ends.</summary>
internal static class RunRules
{
    private static readonly Decision NoRun = Decision.Reject(ErrorCode.NotFound, "No such answer is being written");

    public static Decision Claim(SessionState state, ClaimRun c, DateTimeOffset now)
    {
        if (c.Caller != Caller.Server || state.FindRun(c.MessageId) is not { } run)
        {
            return NoRun;
        }
        if (run.StreamedBy is null && state.Runs.Find(r => r.StreamedBy is null) != run)
        {
            return Decision.Reject(ErrorCode.NotFound, "Another answer of the session goes first");
        }
        var reply = new Accepted { Seq = 0, At = now, MessageId = run.MessageId, Epoch = run.Epoch + 1 };
        return run.IsRunning
            ? Decision.Of(state, reply, new RunClaimed { At = now, MessageId = run.MessageId, Epoch = run.Epoch + 1, Node = c.Node })
            : Decision.Of(state, reply, StartOf(run, run.Epoch + 1, now) with { Node = c.Node });
    }

    public static Decision Start(SessionState state, StartStream c, DateTimeOffset now)
    {
        if (!c.Caller.IsAgent && !c.AnyRole)
        {
            return Decision.Reject(ErrorCode.Forbidden, "Only an agent may stream an answer");
        }
        if (state.Sends.Find(c.Caller.UserId, c.ClientMessageId, now) is { } first)
        {
            return new Decision(first, state.FindRun(first.MessageId) is { } begun ? [.. Moved(begun, c.Node, now)] : []);
        }
        if (state.IsArchived)
        {
            return Decision.Reject(ErrorCode.Archived, "The session is archived");
        }
        if (state.Runs.Count(run => run.StreamedBy is not null) >= Limits.OutsideStreams)
        {
            return Decision.Reject(ErrorCode.RateLimit, $"{Limits.OutsideStreams} answers are being streamed from outside already");
        }
        var started = new StreamStarted
        {
            At = now,
            MessageId = c.MessageId,
            SenderId = c.Caller.UserId,
            SenderName = c.Caller.Name,
            Epoch = 1,
            StreamedBy = c.Caller.UserId,
            ClientMessageId = c.ClientMessageId,
            Node = c.Node,
        };
        return Decision.Of(state, new Accepted { Seq = 0, At = now, MessageId = c.MessageId, Epoch = 1 }, started);
    }

    public static Decision Append(SessionState state, AppendChunk c, DateTimeOffset now)
    {
        if (FindOwn(state, c.Caller, c.MessageId, c.Epoch, out var run) is { } refusal)
        {
            return refusal;
        }
        if (c.Caller != Caller.Server && !state.MayWrite(c.Caller))
        {
            // One who was removed may still end what it had begun, and adds nothing to it.
            return Decision.NotFound;
        }
        if (c.Index is { } index && index != run!.NextIndex)
        {
            // One chunk is under way at a time, so the only index that can repeat is the last one.
            return index == run.NextIndex - 1
                ? Decision.Unchanged(state)
                : Decision.Reject(ErrorCode.BadField, $"index must be {run.NextIndex}");
        }
        if (c.Content.Length == 0)
        {
            return Decision.Unchanged(state);
        }
        if (run!.Text.Length + c.Content.Length > Limits.StreamContent)
        {
            return Decision.Reject(ErrorCode.TooLong, $"An answer has at most {Limits.StreamContent} characters");
        }
        var chunk = new StreamChunk { At = now, MessageId = c.MessageId, Index = run.NextIndex, Content = c.Content, Epoch = run.Epoch };
        return Decision.Of(state, new Accepted { Seq = 0, At = now, MessageId = c.MessageId, Epoch = run.Epoch }, [chunk, .. Moved(run, c.Node, now)]);
    }

    public static Decision End(SessionState state, EndStream c, DateTimeOffset now)
    {
        if (FindOwn(state, c.Caller, c.MessageId, c.Epoch, out var run) is { } refusal)
        {
            return state.Messages.Find(c.MessageId) is { Status: { } status }
                ? Decision.Unchanged(state, Ended(state, c.MessageId, status))
                : refusal;
        }
        if (c.Node is not null && c.Node != run!.Node)
        {
            return Decision.Unchanged(state);
        }
        var latency = c.LatencyMs ?? (int)Math.Min(int.MaxValue, (now - run!.StartedAt).TotalMilliseconds);
        var ended = EndOf(run!, c.Status, now) with { TokensUsed = c.TokensUsed, LatencyMs = latency };
        // A run may end without having begun: an agent that is not there any more.
        return run!.IsRunning
            ? Decision.Of(state, Ended(state, c.MessageId, c.Status), ended)
            : Decision.Of(state, Ended(state, c.MessageId, c.Status), StartOf(run, 1, now), ended);
    }

    public static Decision Stop(SessionState state, StopRun c, MessageFacts? target, DateTimeOffset now)
    {
        var run = c.MessageId is { } id
            ? state.FindRun(id)
            : state.Runs.Find(r => r.IsRunning) ?? state.Runs.FirstOrDefault();
        if (run is not null)
        {
            return Decision.Of(state, new Accepted { Seq = 0, At = now, MessageId = run.MessageId, Status = StreamStatus.Stopped }, [.. StopEvents(run, now)]);
        }
        if (c.MessageId is not { } named)
        {
            return Decision.Unchanged(state);
        }
        return (target ?? state.Messages.Find(named)) is { Status: { } status }
            ? Decision.Unchanged(state, Ended(state, named, status))
            : NoRun;
    }

    /// <summary>Readers see every answer begin before it ends, also one that was stopped while it waited.</summary>
    public static IEnumerable<SessionEvent> StopEvents(Run run, DateTimeOffset now)
    {
        if (!run.IsRunning)
        {
            yield return StartOf(run, run.Epoch + 1, now);
        }
        yield return EndOf(run, StreamStatus.Stopped, now);
    }

    /// <summary>An outside agent has come back through another node. Its epoch stays, since it is the same writer.</summary>
    private static IEnumerable<RunClaimed> Moved(Run run, string? node, DateTimeOffset now) =>
        run.StreamedBy is null || node is null || node == run.Node ? [] : [new RunClaimed { At = now, MessageId = run.MessageId, Epoch = run.Epoch, Node = node }];

    private static StreamStarted StartOf(Run run, int epoch, DateTimeOffset now) =>
        new() { At = now, MessageId = run.MessageId, SenderId = run.SenderId, SenderName = run.SenderName, Epoch = epoch };

    private static StreamEnded EndOf(Run run, string status, DateTimeOffset now) => new()
    {
        At = now,
        MessageId = run.MessageId,
        SenderId = run.SenderId,
        SenderName = run.SenderName,
        Status = status,
        Content = run.Text.ToString(),
        TokensUsed = run.NextIndex,
        LatencyMs = run.IsRunning ? (int)Math.Min(int.MaxValue, (now - run.StartedAt).TotalMilliseconds) : 0,
        StreamedBy = run.StreamedBy,
    };

    private static Accepted Ended(SessionState state, MessageId id, string status) =>
        new() { Seq = state.Head, At = state.LastAt, MessageId = id, Status = status };

    private static Decision? FindOwn(SessionState state, Caller caller, MessageId id, int? epoch, out Run? run)
    {
        run = state.FindRun(id);
        if (run is null)
        {
            return NoRun;
        }
        // An outside agent writes under its first epoch, by its user; once the server has claimed the answer, it is the server's.
        var isWriter = caller == Caller.Server
            ? epoch == run.Epoch
            : epoch is null && run is { IsRunning: true, Epoch: 1 } && run.StreamedBy == caller.UserId;
        return isWriter ? null : Decision.Reject(ErrorCode.Forbidden, "The answer has another writer");
    }
}
