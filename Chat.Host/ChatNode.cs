using System.Security.Cryptography;
using Chat.Actors.Agents;
using Chat.Actors.Cluster;
using Chat.Actors.Delivery;
using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Host.Agents;
using Chat.Host.Configuration;
using Chat.Protocol;

namespace Chat.Host;

/// <summary>The engine of one node, put together: what starts first, and what may stop only when what rests on it has stopped.</summary>
public sealed class ChatNode : IAsyncDisposable
{
    /// <summary>Differs from start to start, also in a container, whose process is always the first.</summary>
    public static readonly string Name = $"{Environment.MachineName}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";

    /// <summary>Waiting answers are looked for this often, should the word that one waits have been lost on its way to this node.</summary>
    private static readonly TimeSpan RunsInterval = TimeSpan.FromSeconds(30);

    private readonly Storage _storage;
    private readonly SessionGateway _gateway;
    private readonly ClusterLink? _cluster;
    private readonly ITimer? _looking;

    /// <param name="cluster">Null on a node that is alone. It is this node's from here on.</param>
    internal ChatNode(ChatOptions options, Storage storage, SessionHubs hubs, ClusterLink? cluster, AgentCatalog agents, TimeProvider time, ILoggerFactory loggers)
    {
        _storage = storage;
        _cluster = cluster;
        Hubs = hubs;
        Projector = new Projector(storage.ReadDatabase, storage.Journal, time, loggers.CreateLogger<Projector>());
        Markers = new ReadMarkers(storage.ReadDatabase, time, loggers.CreateLogger<ReadMarkers>());
        ReadModel = new ReadModel(storage.ReadDatabase, storage.Journal, Projector, Markers, options.Storage.ReadWait, time);
        Names = new SessionNames(storage.Journal, time);
        RateLimiter = options.RateLimit.Enabled ? new RateLimiter(options.RateLimit.MessagesPerMinute, time) : null;
        _gateway = new SessionGateway(new SessionServices
        {
            Journal = storage.Journal,
            Time = time,
            Publish = Publish,
            FindMessage = FindMessageAsync,
            SnapshotEvery = options.Storage.SnapshotEvery,
            PassivateAfter = options.Sessions.PassivateAfter,
            RateLimiter = RateLimiter,
            IsShared = cluster is not null,
            Logger = loggers.CreateLogger("Chat.Sessions"),
        });
        Runs = new AgentRuns(
            _gateway,
            new ReadModelConversation(ReadModel),
            agents.Find,
            new AgentRunOptions { Node = Name, ChunkSize = options.Stream.ChunkSize, Delay = options.Stream.Delay },
            time,
            loggers.CreateLogger<AgentRuns>(),
            cluster is null ? null : cluster.IsAlive);
        if (cluster is not null)
        {
            cluster.Attach(options, storage, _gateway, LookAtRuns, Take, time, loggers);
            cluster.Registry.Changed += LookAtAllRuns;
            _looking = time.CreateTimer(_ => LookAtAllRuns(), null, RunsInterval, RunsInterval);
        }
    }

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

    /// <summary>The answers that a crash left open go on at once, without anyone having to touch their sessions.</summary>
    public void Start()
    {
        Projector.Start();
        LookAtAllRuns();
    }

    public async ValueTask DisposeAsync()
    {
        if (_looking is not null)
        {
            await _looking.DisposeAsync();
        }
        if (_cluster is not null)
        {
            // Others take over what is at home here while this node finishes.
            await _cluster.DrainAsync();
        }
        await Runs.DisposeAsync();
        await _gateway.DisposeAsync();
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }
        await Markers.DisposeAsync();
        await Projector.DisposeAsync();
        await _storage.DisposeAsync();
    }

    private void Publish(SessionId session, IReadOnlyList<EncodedEvent> events)
    {
        Hubs.Publish(session, events);
        _cluster?.Publish(session, events);
        Observe(session, events, here: _cluster?.RunsAnswersOf(session) ?? true);
    }

    /// <summary>Events that another node has committed.</summary>
    private void Take(SessionId session, IReadOnlyList<EncodedEvent> events) => Observe(session, events, here: false);

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

    private void LookAtRuns(SessionId session)
    {
        if (_cluster!.RunsAnswersOf(session))
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
