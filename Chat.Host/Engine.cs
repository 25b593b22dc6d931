using Chat.Actors.Agents;
using Chat.Actors.Sessions;
using Chat.Host.Configuration;

namespace Chat.Host;

/// <summary>What a node's sessions and answers run on, as configured.</summary>
/// <param name="OpenSessions">They belong to the caller.</param>
/// <param name="NewPipeline">For one answer: its graphemes per chunk, and the least time between two.</param>
public sealed record Engine(Func<SessionServices, ISessionEngine> OpenSessions, Func<int, TimeSpan, IChunkPipeline> NewPipeline)
{
    /// <param name="name">The node's.</param>
    /// <param name="cluster">Null on a node that is alone.</param>
    /// <exception cref="ChatConfigurationException">This build has no such engine, or its settings cannot be read.</exception>
    internal static Engine Of(ChatOptions options, string name, ClusterLink? cluster, TimeProvider time, ILoggerFactory loggers) => options.Engine switch
    {
        ChatEngine.Akka => OfAkka(options, name, cluster, loggers),
        _ => new Engine(
            services =>
            {
                var actors = new SessionActors(services);
                return cluster is null ? actors : cluster.OpenHomes(actors, options, time, loggers);
            },
            (size, delay) => new ChunkPipeline(size, delay, time)),
    };

#if AKKA
    private static Engine OfAkka(ChatOptions options, string name, ClusterLink? cluster, ILoggerFactory loggers)
    {
        if (cluster is null && options.Cluster.Akka.Seeds.Count > 0)
        {
            throw new ChatConfigurationException([new ConfigurationMistake(null, "chat.cluster.akka.seeds", "are for nodes over one PostgreSQL (storage.database-url) with one Redis (redis.url), and this one has not both")]);
        }
        var file = options.Cluster.Akka.Config ?? Path.Combine(AppContext.BaseDirectory, "hocon", "cluster.conf");
        Actors.AkkaEngine.AkkaSessions? sessions = null;
        return new Engine(
            services => sessions = new Actors.AkkaEngine.AkkaSessions(
                new Actors.AkkaEngine.AkkaOptions
                {
                    Node = name,
                    Host = options.Cluster.Akka.Host,
                    Port = options.Cluster.Akka.Port,
                    Seeds = options.Cluster.Akka.Seeds,
                    Settings = ReadSettings(file),
                    Database = options.Storage.DatabaseUrl is { Length: > 0 } url
                        ? Actors.AkkaEngine.AkkaDatabase.Postgres(url, options.Storage.AppendTimeout)
                        : Actors.AkkaEngine.AkkaDatabase.Sqlite(Path.Combine(options.Storage.DataPath, "journal.db"), options.Storage.AppendTimeout),
                    AppendTimeout = options.Storage.AppendTimeout,
                    CountNodes = cluster is null ? () => 1 : () => cluster.Registry.Nodes.Count,
                },
                services, loggers),
            (size, delay) => sessions!.NewPipeline(size, delay));
    }

    private static string ReadSettings(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ChatConfigurationException([new ConfigurationMistake(null, "chat.cluster.akka.config", $"cannot be read: {e.Message}")]);
        }
    }
#else
    private static Engine OfAkka(ChatOptions options, string name, ClusterLink? cluster, ILoggerFactory loggers) =>
        throw new ChatConfigurationException([new ConfigurationMistake(null, "chat.engine", "is akka, which this build has not: build with -p:Akka=true where Akka.NET's packages restore (./run --engine akka does)")]);
#endif
}
