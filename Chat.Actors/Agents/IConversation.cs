using Chat.Protocol;

namespace Chat.Actors.Agents;

/// <summary>What a session's agent is told of what has been said.</summary>
public interface IConversation
{
    /// <summary>At most <paramref name="limit"/> messages up to and with the one to answer. Never older than the prompt's commit.</summary>
    /// <exception cref="Persistence.JournalUnavailableException" />
    ValueTask<Conversation> ReadAsync(SessionId session, MessageId promptId, int limit, CancellationToken cancellation);
}

/// <param name="Turns">Oldest first; the message to answer is the last. Empty where it is gone: the answer then ends as failed.</param>
/// <param name="Metadata">JSON object of the message to answer, or null.</param>
public sealed record Conversation(IReadOnlyList<AgentTurn> Turns, string? Metadata);

/// <summary>The list of answers that have not ended.</summary>
public interface IOpenRuns
{
    /// <summary>
    /// Sessions at home on this node with a waiting or running answer that no other live node streams. Complete as of the journal's head at the call,
    /// for a run that is missed here waits until someone touches its session.
    /// </summary>
    /// <exception cref="Persistence.JournalUnavailableException" />
    ValueTask<IReadOnlyList<SessionId>> ReadAsync(CancellationToken cancellation);
}
