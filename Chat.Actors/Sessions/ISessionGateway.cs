using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>The one door to every session, whichever node it lives on and whichever engine runs it.</summary>
public interface ISessionGateway
{
    /// <summary>
    /// Checks the command's limits, has the session decide it, and answers when its events are durable. Never throws for a refusal; a storage
    /// that does not answer in time is <see cref="ErrorCode.StorageUnavailable"/>. Cancelling gives up the wait, not the command.
    /// </summary>
    ValueTask<Reply> AskAsync(SessionId session, SessionCommand command, CancellationToken cancellation = default);

    /// <summary>The session as of its last durable event, or null where there is none. Loads it if need be.</summary>
    /// <exception cref="Persistence.JournalUnavailableException" />
    ValueTask<SessionView?> ReadAsync(SessionId session, CancellationToken cancellation = default);
}

/// <summary>What anyone may know of a session without its messages; immutable.</summary>
public sealed record SessionView
{
    public required SessionId SessionId { get; init; }
    public required string TraceId { get; init; }
    public required string OwnerId { get; init; }
    public int? AgentId { get; init; }
    public string? AgentName { get; init; }
    public string? Title { get; init; }

    /// <summary>A JSON object, or null.</summary>
    public string? Metadata { get; init; }

    public bool IsArchived { get; init; }
    public bool IsOpen { get; init; }
    public string? SessionCode { get; init; }
    public string? ChannelUrl { get; init; }

    /// <summary>With the owner, who comes first.</summary>
    public required IReadOnlyList<Member> Members { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset LastActivity { get; init; }

    /// <summary>Messages that stand in history (deleted ones keep their place).</summary>
    public required int MessageCount { get; init; }

    /// <summary>Seq of the last durable event.</summary>
    public required long Head { get; init; }

    /// <summary>Seq of the last durable event that the native face shows.</summary>
    public required long NativeHead { get; init; }

    /// <summary>Waiting and running answers, in their order.</summary>
    public required IReadOnlyList<OpenRun> OpenRuns { get; init; }

    public bool MayRead(Caller caller) => caller.IsAdmin || MayWrite(caller);

    public bool MayWrite(Caller caller) => Members.Any(m => m.UserId == caller.UserId) || IsItsAgent(caller);

    private bool IsItsAgent(Caller caller) =>
        caller.IsAgent && AgentId is { } id && caller.UserId == id.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <param name="AgentId">0 where an outside user streams it.</param>
/// <param name="StartSeq">Seq of its <see cref="StreamStarted"/>; 0 while it waits.</param>
/// <param name="Epoch">0 while it waits.</param>
/// <param name="StreamedBy">User whose socket streams it; null for a run of the server's own.</param>
public sealed record OpenRun(MessageId MessageId, int AgentId, string AgentName, MessageId PromptId, long StartSeq, int Epoch, string? StreamedBy, string Written, int NextIndex)
{
    /// <summary>Node that writes it; null while it waits, and where that is not known.</summary>
    public string? Node { get; init; }
}
