using Chat.Actors.Agents;
using Chat.Host.Configuration;

namespace Chat.Host.Agents;

/// <summary>An agent that reads the session and streams its answers through a socket of its own; no run is queued for it.</summary>
internal sealed class ExternalAgent(AgentOptions options) : IAgent
{
    public int Id => options.Id;
    public string Name => options.Name;
    public string? AvatarUrl => options.AvatarUrl;
    public bool AnswersItself => true;
    public bool CanContinue => false;
    public int ContextMessages => 0;

    public IAsyncEnumerable<AgentToken> AnswerAsync(AgentPrompt prompt, CancellationToken cancellation) =>
        throw new NotSupportedException("An external agent answers through its own socket");
}
