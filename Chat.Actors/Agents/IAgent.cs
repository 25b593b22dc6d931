using Chat.Protocol;

namespace Chat.Actors.Agents;

/// <summary>Something that answers messages, token by token.</summary>
public interface IAgent
{
    int Id { get; }

    /// <summary>Shown name.</summary>
    string Name { get; }

    string? AvatarUrl { get; }

    /// <summary>False for an agent that answers through its own socket: no run is queued for it.</summary>
    bool AnswersItself { get; }

    /// <summary>Whether a takeover can hand the agent the beginning of its own answer and get the rest.</summary>
    bool CanContinue { get; }

    /// <summary>Messages of the session that <see cref="AgentPrompt.Conversation"/> should hold at most.</summary>
    int ContextMessages { get; }

    /// <summary>
    /// The answer's pieces as the provider gives them, of any length. Read no faster than the log takes the chunks. Cancelling or disposing the
    /// enumerator closes the provider's stream.
    /// </summary>
    /// <exception cref="AgentException">The provider failed; the text is fit for the session's members.</exception>
    IAsyncEnumerable<AgentToken> AnswerAsync(AgentPrompt prompt, CancellationToken cancellation);
}

/// <param name="Text">May be empty.</param>
/// <param name="TokensUsed">Tokens of the whole answer, where the provider tells (usually with its last piece); else each piece counts as one.</param>
public readonly record struct AgentToken(string Text, int? TokensUsed = null);

/// <param name="SessionId">For tracing only.</param>
/// <param name="Conversation">Oldest first; the message to answer is the last.</param>
/// <param name="Metadata">JSON object of the message to answer, or null.</param>
/// <param name="Written">What the answer already holds: empty, unless a takeover continues it.</param>
public sealed record AgentPrompt(SessionId SessionId, IReadOnlyList<AgentTurn> Conversation, string? Metadata, string Written);

/// <param name="FromAgent">True for what an agent said.</param>
public sealed record AgentTurn(bool FromAgent, string Name, string Text);

/// <summary>A provider failed. The message names no address and no secret.</summary>
public sealed class AgentException(string message, Exception? inner = null) : Exception(message, inner);
