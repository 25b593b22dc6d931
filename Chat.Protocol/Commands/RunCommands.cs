namespace Chat.Protocol;

/// <summary>
/// Takes a run: a waiting one starts (<see cref="StreamStarted"/>), a running one goes over to the caller under a higher epoch.
/// Rejected with <see cref="ErrorCode.NotFound"/> where the run has ended or another one of the session goes first.
/// </summary>
public sealed record ClaimRun : SessionCommand
{
    public required MessageId MessageId { get; init; }
    public required string Node { get; init; }
}

/// <summary>Appends to a running answer. Refused with <see cref="ErrorCode.Forbidden"/> under a lower epoch than the run's, and after its end.</summary>
public sealed record AppendChunk : SessionCommand
{
    public required MessageId MessageId { get; init; }
    public required string Content { get; init; }

    /// <summary>Null where the caller streams through its own socket.</summary>
    public int? Epoch { get; init; }

    /// <summary>Makes the append repeatable: the same content at an index that the answer already holds under the same epoch counts as done. Null: the next one.</summary>
    public int? Index { get; init; }

    /// <summary>That has the socket of the agent that streams it: the answer is written there from now on. Null for a run of the server's own.</summary>
    public string? Node { get; init; }

    public override Rejected? Check() => Limits.CheckId("message_id", MessageId) ?? Limits.CheckText("content", Content, Limits.Content);
}

/// <summary>Ends a running answer with the text so far.</summary>
public sealed record EndStream : SessionCommand
{
    public required MessageId MessageId { get; init; }
    public required string Status { get; init; }
    public int TokensUsed { get; init; }

    /// <summary>From the run's start to its end in ms; null lets the session take the difference of the two events' times.</summary>
    public int? LatencyMs { get; init; }

    public int? Epoch { get; init; }

    /// <summary>Only while the answer is written there: the agent may have come back through another node. Null: wherever.</summary>
    public string? Node { get; init; }

    public override Rejected? Check() => Limits.CheckId("message_id", MessageId);
}

/// <summary>An outside agent begins an answer through its own socket.</summary>
public sealed record StartStream : SessionCommand
{
    public required MessageId MessageId { get; init; }

    /// <summary>The agent's own id for the answer: a repeat gets the first one's answer.</summary>
    public string? ClientMessageId { get; init; }

    /// <summary>Development: the role <c>agent</c> is not asked for.</summary>
    public bool AnyRole { get; init; }

    /// <summary>The node that has the agent's socket.</summary>
    public string? Node { get; init; }

    public override Rejected? Check() => Limits.CheckText("message_id", ClientMessageId, Limits.Name);
}

/// <summary>Ends the running answer, or the named one, also one that still waits. Stopping what has ended changes nothing.</summary>
public sealed record StopRun : SessionCommand
{
    public MessageId? MessageId { get; init; }

    public override Rejected? Check() => Limits.CheckId("message_id", MessageId);
}
