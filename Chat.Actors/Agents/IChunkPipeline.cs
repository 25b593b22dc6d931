namespace Chat.Actors.Agents;

/// <summary>
/// Turns one answer's tokens into chunks: a chunk goes when it is full or when the provider pauses, and never sooner than the delay after
/// the one before it. The provider is asked for no more than the log takes. Used once.
/// </summary>
public interface IChunkPipeline
{
    /// <summary>What the provider told, else the number of its pieces so far.</summary>
    int TokensUsed { get; }

    /// <summary>
    /// The chunks in order; the consumer appends one before it asks for the next. Cancelling, or leaving early, closes the provider's stream. Where the provider
    /// fails, what it had given comes first and then its exception.
    /// </summary>
    IAsyncEnumerable<string> ReadAsync(IAgent agent, AgentPrompt prompt, CancellationToken cancellation = default);
}
