using Chat.Protocol;

namespace Chat.Actors.Persistence;

/// <summary>A session as its members' lists show it.</summary>
public sealed record SessionRow
{
    public required SessionId SessionId { get; init; }
    public string? TraceId { get; init; }
    public required string OwnerId { get; init; }
    public int? AgentId { get; init; }
    public string? AgentName { get; init; }
    public string? Title { get; init; }

    /// <summary><c>active</c> or <c>archived</c>.</summary>
    public required string Status { get; init; }

    /// <summary>The client's JSON, verbatim.</summary>
    public string? Metadata { get; init; }

    public string? SessionCode { get; init; }
    public string? ChannelUrl { get; init; }
    public bool IsOpen { get; init; }

    /// <summary>Content of the newest message that is not deleted, at most 200 scalar values of it; null where there is none.</summary>
    public string? LastMessage { get; init; }

    public DateTimeOffset? LastMessageAt { get; init; }

    /// <summary>Of the newest message, deleted or not, else of the session's making: what the list is sorted by.</summary>
    public required DateTimeOffset LastActivityAt { get; init; }

    /// <summary>Deleted messages count: they keep their place.</summary>
    public required int MessageCount { get; init; }

    /// <summary>Others' messages above the user's read marker that are not deleted.</summary>
    public required int UnreadCount { get; init; }

    /// <summary>Seq of the session's last event but for the chunks of an answer that still runs.</summary>
    public required long HeadSeq { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When it was archived.</summary>
    public DateTimeOffset? EndedAt { get; init; }
}

public sealed record SessionList(IReadOnlyList<SessionRow> Sessions, int Total, bool HasMore);

/// <summary>A message as history shows it.</summary>
public sealed record MessageRow
{
    public required SessionId SessionId { get; init; }
    public required MessageId MessageId { get; init; }
    public required long Seq { get; init; }
    public required string SenderType { get; init; }
    public required string SenderId { get; init; }
    public required string SenderName { get; init; }
    public required string MessageType { get; init; }

    /// <summary>Null where the message is deleted.</summary>
    public string? Content { get; init; }

    /// <summary>The client's JSON, verbatim; null where the message is deleted.</summary>
    public string? Metadata { get; init; }

    public int? TokensUsed { get; init; }
    public int? LatencyMs { get; init; }

    /// <summary>How an agent's answer ended; null for every other message.</summary>
    public string? Status { get; init; }

    /// <summary>What a message of type <c>file</c> shows; null where the message is deleted.</summary>
    public PostedFile? File { get; init; }

    public MessageId? ReplyTo { get; init; }
    public bool IsEdited { get; init; }
    public DateTimeOffset? EditedAt { get; init; }
    public bool IsDeleted { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public IReadOnlyList<ReactionRow> Reactions { get; init; } = [];
}

/// <param name="Message">A message that shows it and is not deleted: the first of them.</param>
public sealed record FileRow(SessionId Session, MessageId Message, PostedFile File);

/// <param name="Users">In the order in which they reacted.</param>
public sealed record ReactionRow(string Emoji, int Count, IReadOnlyList<string> Users);

/// <param name="Messages">Oldest first.</param>
/// <param name="HasMore">Whether the page could go on: to newer ones where it was read forward from <c>after</c>, else to older ones.</param>
/// <param name="Total">All messages of the session.</param>
public sealed record MessagePage(IReadOnlyList<MessageRow> Messages, bool HasMore, int Total);

/// <param name="AgentId">0 where an outside agent streams by itself.</param>
/// <param name="StartedAt">Null while it waits.</param>
public sealed record OpenRunRow(SessionId SessionId, MessageId MessageId, int AgentId, DateTimeOffset QueuedAt, DateTimeOffset? StartedAt);
