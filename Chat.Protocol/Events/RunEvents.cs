namespace Chat.Protocol;

/// <summary>An agent is to answer; stands in the same append as the message that it answers.</summary>
public sealed record RunQueued : SessionEvent
{
    /// <summary>The answer's message id.</summary>
    public required MessageId MessageId { get; init; }

    public required int AgentId { get; init; }
    public required string AgentName { get; init; }

    /// <summary>The message to answer.</summary>
    public required MessageId PromptId { get; init; }
}

/// <summary>The answer begins: a queued run's, or one that an outside agent streams through its own socket.</summary>
public sealed record StreamStarted : SessionEvent
{
    public required MessageId MessageId { get; init; }
    public required string SenderId { get; init; }
    public required string SenderName { get; init; }

    /// <summary>Whoever appends chunks must do so under the run's highest epoch.</summary>
    public required int Epoch { get; init; }

    /// <summary>User whose socket streams it; null for a run of the server's own.</summary>
    public string? StreamedBy { get; init; }

    /// <summary>The outside agent's own id for the answer.</summary>
    public string? ClientMessageId { get; init; }

    /// <summary>Where it is written: the node that claimed it, or that has the outside agent's socket.</summary>
    public string? Node { get; init; }
}

/// <summary>Another owner takes a running answer over; chunks of lower epochs are refused from here on.</summary>
public sealed record RunClaimed : SessionEvent
{
    public required MessageId MessageId { get; init; }
    public required int Epoch { get; init; }
    public required string Node { get; init; }
}

public sealed record StreamChunk : SessionEvent
{
    public required MessageId MessageId { get; init; }

    /// <summary>From 0, without holes.</summary>
    public required int Index { get; init; }

    public required string Content { get; init; }
    public required int Epoch { get; init; }
}

/// <summary>The answer's last event; carries the whole text, so that history needs no other.</summary>
public sealed record StreamEnded : SessionEvent
{
    public required MessageId MessageId { get; init; }
    public required string SenderId { get; init; }
    public required string SenderName { get; init; }

    /// <summary><c>complete</c>, <c>stopped</c>, <c>interrupted</c> or <c>failed</c>.</summary>
    public required string Status { get; init; }

    public required string Content { get; init; }
    public int TokensUsed { get; init; }
    public int LatencyMs { get; init; }

    /// <summary>User whose socket streamed it; null for a run of the server's own.</summary>
    public string? StreamedBy { get; init; }
}

/// <summary>How an answer ended.</summary>
public static class StreamStatus
{
    public const string Complete = "complete";
    public const string Stopped = "stopped";
    public const string Interrupted = "interrupted";
    public const string Failed = "failed";
}

/// <summary>Only event of a name's log (<c>code:X</c>, <c>channel:Y</c>): the first append wins.</summary>
public sealed record NameClaimed : SessionEvent
{
    public required SessionId SessionId { get; init; }
    public required string By { get; init; }
}
