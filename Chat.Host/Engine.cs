using Chat.Actors.Agents;
using Chat.Actors.Sessions;
using Chat.Host.Configuration;

namespace Chat.Host;

/// <summary>What a node's sessions and answers run on, as configured.</summary>
/// <param name="OpenSessions">They belong to the caller.</param>
/// <param name="NewPipeline">For one answer: its graphemes per chunk, and the least time between two.</param>
public sealed record Engine(Func<SessionServices, ISessionEngine> OpenSessions, Func<int, TimeSpan, IChunkPipeline> NewPipeline)
{
    /// <param name="cluster">Null on a node that is alone.</param>
    internal static Engine Of(ChatOptions options, ClusterLink? cluster, TimeProvider time, ILoggerFactory loggers) => new(
        services =>
        {
            var actors = new SessionActors(services);
            return cluster is null ? actors : cluster.OpenHomes(actors, options, time, loggers);
        },
        (size, delay) => new ChunkPipeline(size, delay, time));
}
