using Chat.Host.Connections;
using Chat.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Chat.Host.Endpoints;

internal sealed record Health(string Status);

/// <summary><c>/health/live</c> and <c>/health/ready</c>.</summary>
internal static class HealthEndpoints
{
    public static IEndpointRouteBuilder MapHealth(this IEndpointRouteBuilder routes)
    {
        var health = routes.MapGroup("/health").WithTags("Operation");
        health.MapGet("/live", () => TypedResults.Ok(new Health("live"))).WithSummary("Answers while the process does");
        health.MapGet("/ready", ReadyAsync)
            .WithSummary("Tell whether this node should be sent requests")
            .WithDescription("503, with the reason, while the journal cannot be read, the read model is behind it, or the node has yet to join its cluster, or stops.");
        return routes;
    }

    private static async Task<Results<Ok<Health>, Refusal>> ReadyAsync(
        ChatNode node, StorageHealth storage, ConnectionRegistry connections, IHostApplicationLifetime lifetime, CancellationToken cancellation) =>
        connections.IsClosed || lifetime.ApplicationStopping.IsCancellationRequested ? new Refusal(ErrorCode.ClusterUnavailable, "The node is stopping")
        : !node.IsEngineUp ? new Refusal(ErrorCode.ClusterUnavailable, "The node has yet to join the cluster")
        : await storage.CheckAsync(cancellation) is { } reason ? new Refusal(ErrorCode.StorageUnavailable, reason)
        : TypedResults.Ok(new Health("ready"));
}
