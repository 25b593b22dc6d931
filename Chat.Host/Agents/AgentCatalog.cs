using Chat.Actors.Agents;
using Chat.Host.Configuration;

namespace Chat.Host.Agents;

/// <summary>The configured agents.</summary>
public sealed class AgentCatalog : IDisposable
{
    private readonly Dictionary<int, IAgent> _byId;

    /// <exception cref="ArgumentException">The configuration names an agent that cannot be built; the text says which and why.</exception>
    public AgentCatalog(ChatOptions options, TimeProvider time)
    {
        var twice = options.Agents.GroupBy(agent => agent.Id).FirstOrDefault(group => group.Count() > 1);
        if (twice is not null)
        {
            throw new ArgumentException($"chat.agents: id {twice.Key} stands there {twice.Count()} times");
        }
        All = [.. options.Agents.OrderBy(agent => agent.Id).Select(agent => Create(agent, options.IsDevelopment, time))];
        _byId = All.ToDictionary(agent => agent.Id);
    }

    /// <summary>By id.</summary>
    public IReadOnlyList<IAgent> All { get; }

    public IAgent? Find(int id) => _byId.GetValueOrDefault(id);

    public void Dispose()
    {
        foreach (var agent in All.OfType<IDisposable>())
        {
            agent.Dispose();
        }
    }

    private static IAgent Create(AgentOptions agent, bool development, TimeProvider time) => agent switch
    {
        // 0 stands for "an outside user" in runs and "none" in configuration.
        { Id: <= 0 } => throw new ArgumentException($"chat.agents: id {agent.Id} is not above 0"),
        { Name: "" } => throw new ArgumentException($"chat.agents: agent {agent.Id} has no name"),
        { Provider: "echo" } => new EchoAgent(agent, time, development ? EchoScript.MaxTokens : EchoScript.MaxTokensInProduction),
        { Provider: "openai" } => new OpenAiAgent(agent, time),
        { Provider: "external" } => new ExternalAgent(agent),
        _ => throw new ArgumentException($"chat.agents: agent {agent.Id} has the unknown provider '{agent.Provider}' (echo, openai, external)"),
    };
}
