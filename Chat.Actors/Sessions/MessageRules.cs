using System.Globalization;
using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>Messages, their edits, deletions and reactions.</summary>
internal static class MessageRules
{
    /// <summary>The message that the command is about, whose facts the decision needs.</summary>
    private static MessageId? TargetOf(SessionCommand command) => command switch
    {
        EditMessage c => c.MessageId,
        DeleteMessage c => c.MessageId,
        React c => c.MessageId,
        StopRun c => c.MessageId,
        _ => null,
    };

    /// <summary>The message that the command is about, where its caller may know of it and the state does not: its facts are to be looked up in the history.</summary>
    public static MessageId? UnknownTargetOf(SessionState state, SessionCommand command) =>
        TargetOf(command) is { } id && state.Exists && state.MayRead(command.Caller) && state.Messages.Find(id) is null && state.FindRun(id) is null ? id : null;

    public static Decision Post(SessionState state, PostMessage c, DateTimeOffset now)
    {
        if (state.Sends.Find(c.Caller.UserId, c.ClientMessageId, now) is { } first)
        {
            return Decision.Unchanged(state, first);
        }
        if (state.IsArchived)
        {
            return Decision.Reject(ErrorCode.Archived, "The session is archived");
        }
        // A participant is known by the nickname that it joined under, whatever its socket says.
        var participant = state.Members.GetValueOrDefault(c.Caller.UserId) is { IsParticipant: true } member ? member : null;
        var isUser = !c.Caller.IsAgent;
        var answer = isUser ? AnswerFor(state, c, now) : null;
        if (answer is not null && state.Runs.Count >= Limits.OpenRuns)
        {
            return new Decision(new Rejected(ErrorCode.RateLimit, $"{Limits.OpenRuns} answers are waiting already", TimeSpan.FromSeconds(5)), []);
        }
        var posted = new MessagePosted
        {
            At = now,
            MessageId = c.MessageId,
            SenderType = isUser ? "user" : "agent",
            SenderId = c.Caller.UserId,
            SenderName = participant?.Name ?? c.Caller.Name,
            ParticipantId = participant?.UserId,
            MessageType = c.MessageType,
            Content = c.Content,
            Metadata = c.Metadata,
            ReplyTo = c.ReplyTo,
            ClientMessageId = c.ClientMessageId,
            RunId = answer?.MessageId,
        };
        if (c.File is { } file)
        {
            posted = new FilePosted(posted, file);
        }
        var reply = new Accepted { Seq = 0, At = now, MessageId = c.MessageId, RunId = answer?.MessageId };
        return answer is null ? Decision.Of(state, reply, posted) : Decision.Of(state, reply, posted, answer);
    }

    public static Decision Edit(SessionState state, EditMessage c, MessageFacts? target, DateTimeOffset now) =>
        RefuseChange(state, c.Caller, target)
        ?? Decision.Of(state, new Accepted { Seq = 0, At = now, MessageId = c.MessageId }, new MessageEdited { At = now, MessageId = c.MessageId, Content = c.Content, By = c.Caller.UserId });

    public static Decision Delete(SessionState state, DeleteMessage c, MessageFacts? target, DateTimeOffset now)
    {
        if (target is { IsDeleted: true } && target.Author == c.Caller.UserId)
        {
            return Decision.Unchanged(state);
        }
        return RefuseChange(state, c.Caller, target)
            ?? Decision.Of(state, new Accepted { Seq = 0, At = now, MessageId = c.MessageId }, new MessageDeleted { At = now, MessageId = c.MessageId, By = c.Caller.UserId });
    }

    public static Decision React(SessionState state, React c, MessageFacts? target, DateTimeOffset now) => target switch
    {
        null or { IsDeleted: true } => Decision.Reject(ErrorCode.NotFound, "Message not found"),
        _ when state.IsArchived => Decision.Reject(ErrorCode.Archived, "The session is archived"),
        _ => Decision.Of(state, new ReactionChanged { At = now, MessageId = c.MessageId, Emoji = c.Emoji, UserId = c.Caller.UserId, Removed = c.Remove }),
    };

    private static Decision? RefuseChange(SessionState state, Caller caller, MessageFacts? target) => target switch
    {
        null or { IsDeleted: true } => Decision.Reject(ErrorCode.NotFound, "Message not found"),
        _ when state.IsArchived => Decision.Reject(ErrorCode.Archived, "The session is archived"),
        _ when target.Author != caller.UserId => Decision.Reject(ErrorCode.Forbidden, "Only the author may change a message"),
        _ => null,
    };

    private static RunQueued? AnswerFor(SessionState state, PostMessage c, DateTimeOffset now)
    {
        var agent = state.Created is { AgentId: { } id, AgentExternal: false }
            ? new AnsweringAgent(id, state.Created.AgentName ?? id.ToString(CultureInfo.InvariantCulture))
            : state.Created.AgentId is null ? c.AnswerBy : null;
        return agent is null ? null : new RunQueued { At = now, MessageId = c.RunId, AgentId = agent.Id, AgentName = agent.Name, PromptId = c.MessageId };
    }
}
