using System.Security.Cryptography;
using Chat.Actors.Agents;
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

    private readonly Storage _storage;
    private readonly SessionGateway _gateway;

    public ChatNode(ChatOptions options, Storage storage, AgentCatalog agents, TimeProvider time, ILoggerFactory loggers)
    {
        _storage = storage;
        Hubs = new SessionHubs(time);
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
            Logger = loggers.CreateLogger("Chat.Sessions"),
        });
        Runs = new AgentRuns(
            _gateway,
            new ReadModelConversation(ReadModel),
            agents.Find,
            new AgentRunOptions { Node = Name, ChunkSize = options.Stream.ChunkSize, Delay = options.Stream.Delay },
            time,
            loggers.CreateLogger<AgentRuns>());
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
        _ = Runs.StartAsync(new ReadModelOpenRuns(ReadModel));
    }

    public async ValueTask DisposeAsync()
    {
        await Runs.DisposeAsync();
        await _gateway.DisposeAsync();
        await Markers.DisposeAsync();
        await Projector.DisposeAsync();
        await _storage.DisposeAsync();
    }

    private void Publish(SessionId session, IReadOnlyList<EncodedEvent> events)
    {
        Hubs.Publish(session, events);
        foreach (var e in events)
        {
            if (e.Event is RunQueued or StreamStarted or StreamEnded or RunClaimed)
            {
                Runs.Observe(session, [e.Event]);
            }
        }
    }

    private async ValueTask<MessageFacts?> FindMessageAsync(SessionId session, MessageId message)
    {
        await ReadModel.WaitUntilCurrentAsync();
        return await ReadModel.FindMessageAsync(session, message) is { } row
            ? new MessageFacts(row.MessageId, row.SenderType == "user" || row.Status is null ? row.SenderId : null, row.IsDeleted, row.Status)
            : null;
    }
}
