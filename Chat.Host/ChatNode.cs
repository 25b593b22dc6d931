using System.Security.Cryptography;
using Chat.Actors.Agents;
using Chat.Actors.Cluster;
using Chat.Actors.Delivery;
using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Host.Agents;
using Chat.Host.Configuration;
using Chat.Host.Redis;
using Chat.Protocol;

namespace Chat.Host;

/// <summary>The engine of one node, put together: what starts first, and what may stop only when what rests on it has stopped.</summary>
public sealed class ChatNode : IAsyncDisposable
{
    /// <summary>Waiting answers are looked for this often, should the word that one waits have been lost on its way to this node.</summary>
    private static readonly TimeSpan RunsInterval = TimeSpan.FromSeconds(30);

    /// <summary>No session's id, but placed as one: which node reads the inbound stream.</summary>
    private static readonly SessionId Inbound = new("chat:inbound");

    private readonly Storage _storage;
    private readonly ISessionEngine _engine;
    private readonly SessionGateway _gateway;
    private readonly RedisLink? _redis;
    private readonly ClusterLink? _cluster;
    private readonly ITimer? _looking;
    private readonly Lazy<Task> _draining;
    private readonly IReadOnlyList<NodeInfo> _sole;

    /// <param name="name">From <see cref="NewName"/>.</param>
    /// <param name="redis">Null without Redis. It is this node's from here on.</param>
    /// <param name="cluster">Null on a node that is alone. It is this node's from here on.</param>
    internal ChatNode(string name, ChatOptions options, Storage storage, SessionHubs hubs, RedisLink? redis, ClusterLink? cluster, AgentCatalog agents, Engine engine, TimeProvider time, ILoggerFactory loggers)
    {
        Name = name;
        _sole = [new NodeInfo(name, ClusterLink.AddressOf(options), time.GetUtcNow(), IsDraining: false)];
        _draining = new Lazy<Task>(DrainOnceAsync);
        _storage = storage;
        _redis = redis;
        _cluster = cluster;
        Hubs = hubs;
        Projector = new Projector(storage.ReadDatabase, storage.Journal, time, loggers.CreateLogger<Projector>());
        Markers = new ReadMarkers(storage.ReadDatabase, time, loggers.CreateLogger<ReadMarkers>());
        ReadModel = new ReadModel(storage.ReadDatabase, storage.Journal, Projector, Markers, options.Storage.ReadWait, time);
        Names = new SessionNames(storage.Journal, time);
        RateLimiter = options.RateLimit.Enabled ? new RateLimiter(options.RateLimit.MessagesPerMinute, time) : null;
        _engine = engine.OpenSessions(new SessionServices
        {
            Journal = storage.Journal,
            Events = storage.Events,
            Time = time,
            Publish = Publish,
            Recovered = LookAgain,
            FindMessage = FindMessageAsync,
            SnapshotEvery = options.Storage.SnapshotEvery,
            PassivateAfter = options.Sessions.PassivateAfter,
            IsShared = cluster is not null,
            GoodFor = 2 * options.Cluster.AskTimeout,
            Logger = loggers.CreateLogger("Chat.Sessions"),
        });
        _gateway = new SessionGateway(_engine, RateLimiter);
        Runs = new AgentRuns(
            _gateway,
            new ReadModelConversation(ReadModel),
            agents.Find,
            new AgentRunOptions { Node = name, ChunkSize = options.Stream.ChunkSize, Delay = options.Stream.Delay, NewPipeline = engine.NewPipeline },
            time,
            loggers.CreateLogger<AgentRuns>(),
            cluster is null ? null : cluster.IsAlive);
        redis?.Attach(_gateway);
        if (cluster is not null)
        {
            cluster.Attach(storage, RateLimiter, LookAtRuns, Take, time, loggers);
            cluster.Registry.Changed += LookAtAllRuns;
            _looking = time.CreateTimer(_ => LookAtAllRuns(), null, RunsInterval, RunsInterval);
        }
    }

    /// <summary>Differs from start to start, also in a container, whose process is always the first.</summary>
    public static string NewName() => $"{Environment.MachineName}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";

    public string Name { get; }
    public ISessionGateway Gateway => _gateway;
    public IJournal Journal => _storage.Journal;
    public SessionHubs Hubs { get; }
    public Projector Projector { get; }
    public ReadMarkers Markers { get; }
    public ReadModel ReadModel { get; }
    public SessionNames Names { get; }

    /// <summary>Null limits nobody.</summary>
    public RateLimiter? RateLimiter { get; }

    public AgentRuns Runs { get; }

    /// <summary>As this node sees them; one that is alone is all of them.</summary>
    public IReadOnlyList<NodeInfo> Nodes => _cluster?.Registry.Nodes ?? _sole;

    /// <summary>Sessions in memory, and those of them that are at home here.</summary>
    public (int Loaded, int Homed) CountSessions() => _engine.Count();

    /// <summary>Milliseconds to Redis and back; null without one, or where it does not answer.</summary>
    public async Task<double?> MeasureBusAsync() => _redis is null ? null : await _redis.MeasureAsync();

    /// <summary>Null on a node that is alone.</summary>
    public NodeReports? OpenReports(Func<Task<NodeReport>> own, Action drain, TimeProvider time) => _cluster?.OpenReports(own, drain, time);

    /// <summary>The answers that a crash left open go on at once, without anyone having to touch their sessions.</summary>
    public void Start()
    {
        Projector.Start();
        LookAtAllRuns();
        _redis?.Start(Gateway, Name, () => _cluster?.IsHome(Inbound) ?? true);
    }

    /// <summary>It shares its journal with no other node.</summary>
    public bool IsAlone => _cluster is null;

    /// <summary>The other nodes can be reached; true of a node that is alone.</summary>
    public bool IsClusterUp => _cluster?.IsUp ?? true;

    /// <summary>Commands that come to this node find their sessions.</summary>
    public bool IsEngineUp => _engine.IsUp;

    /// <summary>Over all nodes, as far as they answer.</summary>
    public async ValueTask<WhoIsHere> WhoIsHereAsync(SessionId session) =>
        _cluster is not null ? await _cluster.Presence.FindAsync(session) : Hubs.Find(session)?.Presence.WhoIsHere ?? WhoIsHere.Nobody;

    /// <summary>To the session's readers on every node.</summary>
    public void ShowRead(SessionId session, string userId, long seq)
    {
        if (Hubs.Find(session) is { } hub)
        {
            hub.Presence.SetRead(userId, seq);
        }
        else
        {
            _cluster?.Presence.ShowRead(session, userId, seq);
        }
    }

    /// <summary>Others take over what is at home here, and the answers that are written here. A node that is alone goes on with its own to the end. Once.</summary>
    public Task DrainAsync() => _draining.Value;

    private async Task DrainOnceAsync()
    {
        if (_looking is not null)
        {
            await _looking.DisposeAsync();
        }
        if (_redis is not null)
        {
            await _redis.StopAsync();
        }
        if (_cluster is not null)
        {
            await _cluster.DrainAsync();
            await _engine.DrainAsync();
            await Runs.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await DrainAsync();
        await Runs.DisposeAsync();
        if (_redis is not null)
        {
            await _redis.DetachAsync();
        }
        await _gateway.DisposeAsync();
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }
        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }
        await Markers.DisposeAsync();
        await Projector.DisposeAsync();
        await _storage.DisposeAsync();
    }

    private void Publish(SessionId session, IReadOnlyList<EncodedEvent> events)
    {
        Hubs.Publish(session, events);
        _cluster?.Publish(session, events);
        _redis?.Publish(session, events);
        Observe(session, events, here: _cluster?.RunsAnswersOf(session) ?? true);
    }

    /// <summary>Events that another node has committed.</summary>
    private void Take(SessionId session, IReadOnlyList<EncodedEvent> events)
    {
        _redis?.Take(session, events);
        Observe(session, events, here: false);
    }

    private void Observe(SessionId session, IReadOnlyList<EncodedEvent> events, bool here)
    {
        foreach (var e in events)
        {
            if (e.Event is RunQueued or StreamStarted or StreamEnded or RunClaimed)
            {
                Runs.Observe(session, [e.Event], here);
            }
        }
    }

    /// <summary>What a session stored before it failed, and told nobody, is paged by its readers and found by whoever runs its answers.</summary>
    private void LookAgain(SessionId session, long head)
    {
        Hubs.Find(session)?.CatchUp(head);
        LookAtRuns(session);
    }

    private void LookAtRuns(SessionId session)
    {
        if (_cluster?.RunsAnswersOf(session) ?? true)
        {
            _ = Runs.TakeOverAsync([session]);
        }
    }

    /// <summary>Of the sessions at home here, those whose answers nobody writes.</summary>
    private void LookAtAllRuns() => _ = Runs.StartAsync(new ReadModelOpenRuns(ReadModel, _cluster is null ? null : _cluster.RunsAnswersOf));

    private async ValueTask<MessageFacts?> FindMessageAsync(SessionId session, MessageId message)
    {
        await ReadModel.WaitUntilCurrentAsync();
        return await ReadModel.FindMessageAsync(session, message) is { } row
            ? new MessageFacts(row.MessageId, row.SenderType == "user" || row.Status is null ? row.SenderId : null, row.IsDeleted, row.Status)
            : null;
    }
}
