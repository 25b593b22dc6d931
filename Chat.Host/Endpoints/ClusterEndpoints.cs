using Chat.Actors.Cluster;
using Chat.Host.Auth;
using Chat.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Chat.Host.Endpoints;

/// <param name="Node">The one that answers.</param>
internal sealed record ClusterView(string Node, IReadOnlyList<NodeView> Nodes);

/// <param name="Report">Null where the node did not answer within a second.</param>
internal sealed record NodeView(string Name, string Address, DateTimeOffset StartedAt, bool IsDraining, NodeReport? Report);

internal sealed record DrainAnswer(string Name, string Message);

/// <summary><c>/api/admin/cluster</c>, for the role admin.</summary>
internal static class ClusterEndpoints
{
    public static IEndpointRouteBuilder MapCluster(this IEndpointRouteBuilder routes)
    {
        var cluster = routes.MapApi("/api/admin/cluster", "Operation");
        cluster.MapGet("", ListAsync)
            .WithSummary("Show the nodes and how they are")
            .WithDescription("Role admin. report is null where a node does not answer; times are in milliseconds, since the node's start.");
        cluster.MapPost("/nodes/{name}/drain", Drain)
            .WithSummary("Make a node stop in order")
            .WithDescription("Role admin. The node takes nothing new, hands its sessions over, closes its sockets with 1012 and ends.");
        return routes;
    }

    private static async Task<Results<Ok<ClusterView>, Refusal>> ListAsync(Identity caller, ChatNode node, NodeStatus status)
    {
        if (!caller.IsAdmin)
        {
            return new Refusal(ErrorCode.Forbidden, "Only the role admin may");
        }
        var reports = await status.ReadAsync();
        return TypedResults.Ok(new ClusterView(
            node.Name,
            [.. node.Nodes.Select(n => new NodeView(n.Name, n.Address, n.StartedAt, n.IsDraining, reports.GetValueOrDefault(n.Name)))]));
    }

    private static Results<Accepted<DrainAnswer>, Refusal> Drain(string name, Identity caller, NodeStatus status) =>
        !caller.IsAdmin ? new Refusal(ErrorCode.Forbidden, "Only the role admin may")
        : status.TryDrain(name) ? TypedResults.Accepted((string?)null, new DrainAnswer(name, "The node has been told to stop"))
        : new Refusal(ErrorCode.NotFound, "There is no such node");
}
