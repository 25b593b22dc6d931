using System.Text.Json.Serialization;

namespace Chat.Protocol;

/// <summary>
/// A wish of a caller, decided by the session alone. Ids that it will create are in the command, so that deciding again after a
/// refused append gives the same result.
/// </summary>
[JsonDerivedType(typeof(CreateSession), "create-session")]
[JsonDerivedType(typeof(PostMessage), "post-message")]
[JsonDerivedType(typeof(EditMessage), "edit-message")]
[JsonDerivedType(typeof(DeleteMessage), "delete-message")]
[JsonDerivedType(typeof(React), "react")]
[JsonDerivedType(typeof(UpdateSession), "update-session")]
[JsonDerivedType(typeof(ArchiveSession), "archive-session")]
[JsonDerivedType(typeof(JoinSession), "join-session")]
[JsonDerivedType(typeof(AddMember), "add-member")]
[JsonDerivedType(typeof(RemoveMember), "remove-member")]
[JsonDerivedType(typeof(ClaimRun), "claim-run")]
[JsonDerivedType(typeof(AppendChunk), "append-chunk")]
[JsonDerivedType(typeof(EndStream), "end-stream")]
[JsonDerivedType(typeof(StartStream), "start-stream")]
[JsonDerivedType(typeof(StopRun), "stop-run")]
public abstract record SessionCommand
{
    public required Caller Caller { get; init; }

    /// <summary>Names the command among all of the session, where two nodes may come to act on it; null where only one can.</summary>
    public string? CommandId { get; init; }

    /// <summary>Limits that need no state; asked at the one door before the session sees the command.</summary>
    public virtual Rejected? Check() => null;
}

/// <summary>Makes the session that it is sent to. A repeat by the same owner is accepted and changes nothing.</summary>
public sealed record CreateSession : SessionCommand
{
    public required SessionId SessionId { get; init; }
    public required string TraceId { get; init; }
    public int? AgentId { get; init; }
    public string? AgentName { get; init; }

    /// <summary>The agent answers through its own socket: no run is queued for it.</summary>
    public bool AgentExternal { get; init; }

    public string? Title { get; init; }
    public string? Metadata { get; init; }
    public IReadOnlyList<Member> Members { get; init; } = [];
    public string? ChannelUrl { get; init; }
    public string? SessionCode { get; init; }

    /// <summary>Made by being named: a caller that is not yet a member becomes one.</summary>
    public bool Open { get; init; }

    /// <summary>Refused with <see cref="ErrorCode.NameTaken"/> where the session exists: its id is one that people choose.</summary>
    public bool OnlyNew { get; init; }

    public override Rejected? Check() =>
        Limits.CheckText("title", Title, Limits.Title)
        ?? Limits.CheckMetadata(Metadata)
        ?? (Members.Count >= Limits.Members ? new Rejected(ErrorCode.TooManyMembers, $"A session has at most {Limits.Members} members") : null)
        ?? Members.Select(m => m.Check()).FirstOrDefault(bad => bad is not null);
}

public sealed record PostMessage : SessionCommand
{
    public required MessageId MessageId { get; init; }

    /// <summary>Id of the answer, if an agent is to give one.</summary>
    public required MessageId RunId { get; init; }

    public required string Content { get; init; }
    public string MessageType { get; init; } = "text";
    public string? ClientMessageId { get; init; }
    public string? Metadata { get; init; }
    public MessageId? ReplyTo { get; init; }

    /// <summary>Makes it a message of type <c>file</c>. The bytes are in the store already.</summary>
    public PostedFile? File { get; init; }

    /// <summary>Agent that answers where the session itself has none (the streaming endpoint).</summary>
    public AnsweringAgent? AnswerBy { get; init; }

    /// <param name="content">What is said with the file; blank or null: its name.</param>
    public static PostMessage Of(PostedFile file, string? content, Caller caller, string? clientMessageId) => new()
    {
        Caller = caller,
        MessageId = MessageId.New(),
        RunId = MessageId.New(),
        Content = string.IsNullOrWhiteSpace(content) ? file.Name : content,
        File = file,
        ClientMessageId = clientMessageId,
    };

    public override Rejected? Check() =>
        Limits.CheckContent(Content)
        ?? (MessageType is "text" or "question" ? null : new Rejected(ErrorCode.BadField, "message_type must be text or question"))
        ?? Limits.CheckText("client_message_id", ClientMessageId, Limits.Name)
        ?? Limits.CheckId("reply_to", ReplyTo)
        ?? Limits.CheckMetadata(Metadata);
}

public sealed record AnsweringAgent(int Id, string Name);

public sealed record EditMessage : SessionCommand
{
    public required MessageId MessageId { get; init; }
    public required string Content { get; init; }

    public override Rejected? Check() => Limits.CheckId("message_id", MessageId) ?? Limits.CheckContent(Content);
}

public sealed record DeleteMessage : SessionCommand
{
    public required MessageId MessageId { get; init; }

    public override Rejected? Check() => Limits.CheckId("message_id", MessageId);
}

public sealed record React : SessionCommand
{
    public required MessageId MessageId { get; init; }
    public required string Emoji { get; init; }
    public bool Remove { get; init; }

    public override Rejected? Check() => Limits.CheckId("message_id", MessageId) ?? Limits.CheckRequired("emoji", Emoji, Limits.Emoji);
}

/// <summary>Null leaves a field as it is.</summary>
public sealed record UpdateSession : SessionCommand
{
    public string? Title { get; init; }
    public string? Metadata { get; init; }

    /// <summary>True restores an archived session.</summary>
    public bool Restore { get; init; }

    public override Rejected? Check() => Limits.CheckText("title", Title, Limits.Title) ?? Limits.CheckMetadata(Metadata);
}

public sealed record ArchiveSession : SessionCommand;

public sealed record AddMember : SessionCommand
{
    public required Member Member { get; init; }

    public override Rejected? Check() =>
        Member.Check()
        ?? (Member.Role is "member" ? null : new Rejected(ErrorCode.BadField, "role must be member"));
}

public sealed record RemoveMember : SessionCommand
{
    public required string UserId { get; init; }
}

/// <summary>
/// A person joins under a nickname (seeds 000, 001) and is a member from then on. Rejected with <see cref="ErrorCode.NameTaken"/> where a participant has
/// that nickname, with <see cref="ErrorCode.NotFound"/> where the session is archived. What stands already changes nothing.
/// </summary>
public sealed record JoinSession : SessionCommand
{
    public required string ParticipantId { get; init; }

    /// <summary>As <see cref="Protocol.Nickname.Read"/> returns it.</summary>
    public required string Nickname { get; init; }

    /// <summary>Development on Socket.IO: the nickname may be another's, and takes the place of the participant's former one.</summary>
    public bool AnyName { get; init; }

    public override Rejected? Check() => Limits.CheckRequired("participant_id", ParticipantId, Limits.Name);
}
