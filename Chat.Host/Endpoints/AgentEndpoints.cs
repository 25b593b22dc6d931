using Chat.Host.Agents;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Chat.Host.Endpoints;

internal sealed record AgentList(IReadOnlyList<AgentItem> Agents);

/// <summary><c>/api/agents</c>.</summary>
internal static class AgentEndpoints
{
    public static IEndpointRouteBuilder MapAgents(this IEndpointRouteBuilder routes)
    {
        routes.MapApi("/api/agents", "Agents").MapGet("", List).WithSummary("List the agents that sessions can name");
        return routes;
    }

    private static Ok<AgentList> List(AgentCatalog agents) => TypedResults.Ok(new AgentList([.. agents.All.Select(agent => AgentItem.Of(agent)!)]));
}
