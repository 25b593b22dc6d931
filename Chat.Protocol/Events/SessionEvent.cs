using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace Chat.Protocol;

/// <summary>
/// A fact in a session's log. Every fact that a reader could need stands in the event; nothing is looked up when it is applied.
/// The JSON of a version that has been released never changes: a changed event is a new record with the next version in its manifest.
/// </summary>
public abstract record SessionEvent
{
    /// <summary>UTC, whole milliseconds; never before the event that precedes it in the log.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Of the command whose first event this is: it is not acted upon again.</summary>
    public string? CommandId { get; init; }
}

/// <summary>First event of every session.</summary>
public sealed record SessionCreated : SessionEvent
{
    public required SessionId SessionId { get; init; }
    public required string TraceId { get; init; }

    /// <summary>The owner.</summary>
    public required string UserId { get; init; }

    public required string UserName { get; init; }
    public int? AgentId { get; init; }
    public string? AgentName { get; init; }

    /// <summary>The agent answers through its own socket: no run is queued for it.</summary>
    public bool AgentExternal { get; init; }

    public string? Title { get; init; }

    /// <summary>A JSON object as the client wrote it.</summary>
    [JsonConverter(typeof(RawJsonConverter))]
    public string? Metadata { get; init; }

    /// <summary>Without the owner.</summary>
    public IReadOnlyList<Member> Members { get; init; } = [];

    public string? ChannelUrl { get; init; }
    public string? SessionCode { get; init; }

    /// <summary>Whoever names it joins it: made by being named, or a room.</summary>
    public bool Open { get; init; }
}

/// <param name="Role"><c>owner</c>, <c>member</c> or <c>participant</c>.</param>
public sealed record Member(string UserId, string Name, string Role = "member")
{
    public const string Participant = "participant";

    [JsonIgnore]
    public bool IsParticipant => Role == Participant;

    public Rejected? Check() => Limits.CheckRequired("user_id", UserId, Limits.Name) ?? Limits.CheckText("name", Name, Limits.Name);
}

public record MessagePosted : SessionEvent
{
    public required MessageId MessageId { get; init; }

    /// <summary><c>user</c>, <c>agent</c> or <c>system</c>.</summary>
    public required string SenderType { get; init; }

    public required string SenderId { get; init; }
    public required string SenderName { get; init; }

    /// <summary>The sender's, where it is a participant.</summary>
    public string? ParticipantId { get; init; }

    /// <summary><c>text</c>, <c>question</c> or <c>file</c>.</summary>
    public required string MessageType { get; init; }

    public required string Content { get; init; }

    [JsonConverter(typeof(RawJsonConverter))]
    public string? Metadata { get; init; }

    public MessageId? ReplyTo { get; init; }
    public string? ClientMessageId { get; init; }

    /// <summary>The answer that is to come, where an agent gives one.</summary>
    public MessageId? RunId { get; init; }
}

/// <summary>A message that shows a file. Its content is what was said with the file, else the file's name.</summary>
public sealed record FilePosted : MessagePosted
{
    public FilePosted()
    {
    }

    [SetsRequiredMembers]
    public FilePosted(MessagePosted message, PostedFile file) : base(message) => (MessageType, File) = ("file", file);

    public required PostedFile File { get; init; }
}

public sealed record MessageEdited : SessionEvent
{
    public required MessageId MessageId { get; init; }
    public required string Content { get; init; }
    public required string By { get; init; }
}

public sealed record MessageDeleted : SessionEvent
{
    public required MessageId MessageId { get; init; }
    public required string By { get; init; }
}

public sealed record ReactionChanged : SessionEvent
{
    public required MessageId MessageId { get; init; }
    public required string Emoji { get; init; }
    public required string UserId { get; init; }
    public bool Removed { get; init; }
}

public sealed record TitleChanged : SessionEvent
{
    public required string? Title { get; init; }
    public required string By { get; init; }
}

public sealed record MetadataChanged : SessionEvent
{
    [JsonConverter(typeof(RawJsonConverter))]
    public required string? Metadata { get; init; }

    public required string By { get; init; }
}

public sealed record SessionArchived : SessionEvent
{
    public required string By { get; init; }
}

public sealed record SessionRestored : SessionEvent
{
    public required string By { get; init; }
}

/// <summary>A person has joined under a nickname (seeds 000, 001), or a participant has another one from now on.</summary>
public sealed record ParticipantJoined : SessionEvent
{
    public required string ParticipantId { get; init; }
    public required string Nickname { get; init; }
}

public sealed record MemberAdded : SessionEvent
{
    public required Member Member { get; init; }
    public required string By { get; init; }
}

public sealed record MemberRemoved : SessionEvent
{
    public required string UserId { get; init; }
    public required string By { get; init; }
}
