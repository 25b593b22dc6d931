using Chat.Actors.Cluster;
using Chat.Actors.Delivery;
using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Protocol;
using Chat.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Chat.Tests.Cluster;

/// <summary>The engine of one node of several in this process, over a journal and a bus that the test spoils. Where sessions are at home is what the test has it believe.</summary>
internal sealed class SimulatedNode : INodeRegistry, IAsyncDisposable
{
    private static readonly TimeSpan AskTimeout = TimeSpan.FromMilliseconds(150);

    private readonly NodeAsks _asks;
    private readonly HeadWatch _watch;
    private volatile string _home;

    public SimulatedNode(string name, INodeBus bus, IJournal journal)
    {
        Self = _home = name;
        Journal = new FaultyJournal(journal);
        Hubs = new SessionHubs(TimeProvider.System);
        var relay = new SessionRelay(bus, Hubs, new EventCodec(), (_, _) => { });
        Hubs.Connect = relay.Connect;
        Actors = new SessionActors(new SessionServices
        {
            Journal = Journal,
            Time = TimeProvider.System,
            Publish = (session, events) =>
            {
                Hubs.Publish(session, events);
                relay.Publish(session, events);
            },
            // One who is held up may edit what is five hundred messages back by then.
            FindMessage = async (session, message) =>
                (await journal.ReadAsync(session.Value, 0, int.MaxValue, default)).Select(e => e.Event).OfType<MessagePosted>().FirstOrDefault(m => m.MessageId == message) is { } post
                    ? new MessageFacts(post.MessageId, post.SenderId, IsDeleted: false, Status: null)
                    : null,
            SnapshotEvery = 50,
            IsShared = true,
            Logger = NullLogger.Instance,
        });
        _asks = new NodeAsks(
            bus, name, Actors.ActForAsync, new NodeAsksOptions { GoodFor = AskTimeout }, TimeProvider.System, NullLogger.Instance);
        Gateway = new SessionGateway(new SessionHomes(this, _asks, Actors, new SessionHomesOptions { AskTimeout = AskTimeout, AwayFor = AskTimeout }, TimeProvider.System));
        var often = new HeadWatchOptions { Interval = TimeSpan.FromMilliseconds(100), IntervalWithoutBus = TimeSpan.FromMilliseconds(100) };
        _watch = new HeadWatch(Journal, Hubs, bus, often, TimeProvider.System, NullLogger.Instance);
    }

    public event Action? Changed
    {
        add { }
        remove { }
    }

    public string Self { get; }
    public FaultyJournal Journal { get; }
    public SessionHubs Hubs { get; }

    /// <summary>This node's own, whoever is at home elsewhere.</summary>
    public SessionActors Actors { get; }

    public SessionGateway Gateway { get; }
    public IReadOnlyList<NodeInfo> Nodes => [];

    /// <summary>From now on this node takes that one for the home of all sessions.</summary>
    public void Believe(string home) => _home = home;

    public string HomeOf(SessionId session) => _home;

    public async ValueTask DisposeAsync()
    {
        await _watch.DisposeAsync();
        _asks.Dispose();
        await Gateway.DisposeAsync();
    }
}

/// <summary>A reader on a node, as a connection is one, whose client holds every frame against the rules of delivery.</summary>
internal sealed class SimulatedListener
{
    private readonly SimulatedNode _node;
    private readonly SessionId _session;
    private readonly Subscriber _subscriber = new(NativeCodec.Instance, "kim", 20_000);
    private readonly Transcript _transcript = new();
    private readonly Task _reading;
    private volatile bool _ends;

    public SimulatedListener(SimulatedNode node, SessionId session)
    {
        (_node, _session) = (node, session);
        _reading = Task.Run(ReadAsync);
    }

    /// <summary>Seq up to which everything has come.</summary>
    public long Cursor => _subscriber.Cursor;

    /// <summary>A fault that it has come upon, or null.</summary>
    public Exception? Fault => _reading.Exception?.InnerException;

    public async Task<IReadOnlyList<string>> EndAsync()
    {
        _ends = true;
        _subscriber.Wake();
        await _reading;
        return _transcript.Lines;
    }

    private async Task ReadAsync()
    {
        var hub = _node.Hubs.Subscribe(_session, _subscriber);
        var replay = new Replay(_node.Gateway, _node.Journal, hub, _subscriber, since: 0);
        await replay.BeginAsync(default);
        var frames = new List<Frame>();
        while (true)
        {
            frames.Clear();
            if (_subscriber.Take(frames, 4_000) > 0)
            {
                Deliver(frames);
            }
            else if (_ends)
            {
                _node.Hubs.Unsubscribe(hub, _subscriber);
                return;
            }
            else if (_subscriber.IsLive)
            {
                await _subscriber.WaitAsync();
            }
            else
            {
                try
                {
                    if (await replay.NextAsync(Commands.Kim, frames, default))
                    {
                        replay.Restart();
                    }
                    Deliver(frames);
                }
                catch (JournalUnavailableException)
                {
                    replay.Restart();
                    await Task.Delay(10);
                }
            }
        }
    }

    private void Deliver(List<Frame> frames) => _transcript.AddAll(frames.Select(frame => new NativeFrame(frame.Payload.ToArray())));
}
