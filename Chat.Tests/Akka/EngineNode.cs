using System.Collections.Concurrent;
using Chat.Actors.AkkaEngine;
using Chat.Actors.Delivery;
using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Protocol;
using Chat.Tests.Contracts;
using Microsoft.Extensions.Logging.Abstractions;

namespace Chat.Tests.AkkaEngine;

/// <summary>One engine over a store, with its own journal, as a process would have them.</summary>
internal sealed class EngineNode : IAsyncDisposable
{
    private static int nodes;

    private readonly IJournal _journal;

    private EngineNode(IJournal journal, Func<SessionServices, ISessionEngine> open, bool isShared, int snapshotEvery)
    {
        _journal = journal;
        Engine = open(new SessionServices
        {
            Journal = journal,
            Time = TimeProvider.System,
            Publish = (session, events) =>
            {
                foreach (var e in events)
                {
                    Published.Enqueue((session, e));
                }
            },
            FindMessage = FindAsync,
            SnapshotEvery = snapshotEvery,
            IsShared = isShared,
            Logger = Said,
        });
    }

    public ISessionEngine Engine { get; }

    public CapturedLog<SessionServices> Said { get; } = new();

    public ConcurrentQueue<(SessionId Session, EncodedEvent Event)> Published { get; } = [];

    /// <param name="database">The store's by another way; null for the store's own.</param>
    public static EngineNode OpenAkka(EngineStore store, int snapshotEvery = 500, AkkaDatabase? database = null) => new(
        store.OpenJournal(),
        services => new AkkaSessions(OptionsOf(database ?? store.Akka), services, NullLoggerFactory.Instance), isShared: false, snapshotEvery);

    public static EngineNode OpenDefault(EngineStore store, bool isShared = false, int snapshotEvery = 500) =>
        new(store.OpenJournal(), services => new SessionActors(services), isShared, snapshotEvery);

    public static EngineNode Open(EngineStore store, string engine, int snapshotEvery = 500) =>
        engine == "akka" ? OpenAkka(store, snapshotEvery) : OpenDefault(store, snapshotEvery: snapshotEvery);

    /// <summary>A cluster of one, on any free port.</summary>
    public static AkkaOptions OptionsOf(AkkaDatabase database) => new()
    {
        Node = $"node-{Interlocked.Increment(ref nodes)}",
        Host = "127.0.0.1",
        Port = 0,
        Seeds = [],
        Settings = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "hocon", "cluster.conf")),
        Database = database,
        AppendTimeout = TimeSpan.FromSeconds(10),
        CountNodes = () => 1,
    };

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        await _journal.DisposeAsync();
    }

    /// <summary>As the history would tell it, by the log.</summary>
    private async ValueTask<MessageFacts?> FindAsync(SessionId session, MessageId message)
    {
        MessageFacts? facts = null;
        foreach (var e in await _journal.ReadAsync(session.Value, 0, int.MaxValue, default))
        {
            facts = e.Event switch
            {
                MessagePosted m when m.MessageId == message => new MessageFacts(message, m.SenderId, IsDeleted: false, Status: null),
                StreamEnded s when s.MessageId == message => new MessageFacts(message, s.StreamedBy, IsDeleted: false, s.Status),
                MessageDeleted m when m.MessageId == message => facts! with { IsDeleted = true },
                _ => facts,
            };
        }
        return facts;
    }
}
