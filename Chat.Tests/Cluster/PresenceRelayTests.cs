using Chat.Actors.Cluster;
using Chat.Actors.Delivery;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Cluster;

/// <summary>Presence over nodes that share a network in this process.</summary>
public sealed class PresenceRelayTests
{
    private static readonly SessionId Session = new("s1");
    private static readonly Person Mina = new("mina", "Mina", "p-mina");
    private static readonly Person Juno = new("juno", "Juno", "p-juno");

    private readonly LocalNetwork _network = new();
    private readonly Registry _registry = new();
    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_persons_sockets_on_two_nodes_count_as_one()
    {
        await using var a = new Node("a", this);
        await using var b = new Node("b", this);
        var (readerA, readerB) = (await a.ListenAsync("reader"), await b.ListenAsync("reader"));

        a.Presence.Enter(Juno);
        await readerB.ExpectAsync("user_joined", "juno");
        b.Presence.Enter(Juno);
        b.Presence.Enter(Mina);
        await readerA.ExpectAsync("user_joined", "mina");
        Assert.False(a.Presence.Leave(Juno));
        a.Presence.Enter(Mina);
        _time.Advance(TimeSpan.FromMilliseconds(5));
        b.Presence.Leave(Juno);
        await readerA.ExpectAsync("user_left", "juno");

        await readerB.ExpectAsync("user_left", "juno");
        foreach (var reader in new[] { readerA, readerB })
        {
            Assert.Equal(["user_joined juno", "user_joined mina", "user_left juno"], reader.Seen);
        }
        Assert.Equal(["p-mina"], a.Presence.WhoIsHere.Participants);
        Assert.Equal(_time.GetUtcNow(), a.Hubs.LastSeen.Find(Session, "juno"));
    }

    [Fact]
    public async Task Who_was_there_before_a_node_listened_is_known_and_does_not_join()
    {
        await using var a = new Node("a", this);
        await using var b = new Node("b", this);
        await a.ListenAsync("reader");
        a.Presence.Enter(Mina);

        var reader = await b.ListenAsync("reader");

        Assert.Contains("mina", b.Presence.WhoIsHere.UserIds);
        var count = 0;
        b.Presence.Enter(Juno, entered: participants => count = participants);
        Assert.Equal(2, count);
        a.Presence.Leave(Mina);
        await reader.ExpectAsync("user_left", "mina");
        Assert.Equal(["user_joined juno", "user_left mina"], reader.Seen);
    }

    [Fact]
    public async Task What_a_node_had_goes_with_it()
    {
        await using var a = new Node("a", this);
        await using var b = new Node("b", this);
        await a.ListenAsync("reader");
        var reader = await b.ListenAsync("reader");
        a.Presence.Enter(Mina);
        a.Presence.SetTyping("mina", isTyping: true);
        await reader.ExpectAsync("typing", "mina");

        _registry.Remove("a");

        await reader.ExpectAsync("user_left", "mina");
        Assert.Equal(["user_joined mina", "typing mina", "typing mina", "user_left mina"], reader.Seen);
        Assert.Empty(b.Presence.WhoIsHere.UserIds);
    }

    [Fact]
    public async Task What_the_bus_has_lost_comes_with_the_next_round()
    {
        await using var a = new Node("a", this);
        await using var b = new Node("b", this);
        await a.ListenAsync("reader");
        var readerB = await b.ListenAsync("reader");
        b.Presence.Take("a", [new PersonHere(Juno, 1, 1)], isWhole: false);
        a.Lose();
        a.Presence.Enter(Mina);
        a.Find();
        await readerB.ExpectAsync("user_joined", "juno");

        // A person who has left goes before those who have come.
        var seen = Task.Run(async () =>
        {
            await readerB.ExpectAsync("user_left", "juno");
            await readerB.ExpectAsync("user_joined", "mina");
        });
        while (!seen.IsCompleted)
        {
            await _time.PassAsync(TimeSpan.FromSeconds(1));
        }
        await seen;

        Assert.Equal(["mina"], b.Presence.WhoIsHere.UserIds);
    }

    [Fact]
    public async Task A_node_that_answers_late_is_heard_all_the_same()
    {
        await using var a = new Node("a", this);
        await using var b = new Node("b", this);
        await a.ListenAsync("reader");
        a.Presence.Enter(Mina);
        a.Hold();
        var listening = b.ListenAsync("reader");
        await Eventually.TrueAsync(() => a.Held == 1);
        Assert.False(listening.IsCompleted);
        _time.Advance(new PresenceRelayOptions().AnswerTimeout);
        var reader = await listening;
        Assert.Empty(b.Presence.WhoIsHere.UserIds);

        a.Release();

        await Eventually.TrueAsync(() => b.Presence.WhoIsHere.UserIds.Contains("mina"));
        a.Presence.Leave(Mina);
        await reader.ExpectAsync("user_left", "mina");
        Assert.Equal(["user_left mina"], reader.Seen);
    }

    [Fact]
    public async Task Typing_and_reading_pass_to_the_others_and_end_where_they_began()
    {
        await using var a = new Node("a", this);
        await using var b = new Node("b", this);
        await a.ListenAsync("reader");
        var reader = await b.ListenAsync("reader");
        a.Presence.Enter(Mina);
        a.Presence.SetTyping("mina", isTyping: true);
        await reader.ExpectAsync("typing", "mina");
        a.Presence.SetRead("mina", 4);
        a.Presence.SetRead("mina", 7);
        await reader.ExpectAsync("read", "mina");
        _time.Advance(Presence.ReadInterval);
        await reader.ExpectAsync("read", "mina");
        _time.Advance(Presence.TypingLifetime);
        await reader.ExpectAsync("typing", "mina");

        Assert.Equal(["user_joined mina", "typing mina", "read mina", "read mina", "typing mina"], reader.Seen);
    }

    [Fact]
    public async Task A_node_where_nobody_listens_asks_the_others()
    {
        await using var a = new Node("a", this);
        await using var b = new Node("b", this);
        await a.ListenAsync("reader");
        a.Presence.Enter(Mina);
        a.Presence.Enter(Juno, isPresenter: true);
        a.Hubs.LastSeen.Set(Session, "sora", ManualTime.Start);

        var here = await b.Relay.FindAsync(Session);

        Assert.Equal(["juno", "mina"], here.UserIds.Order());
        Assert.Equal(["p-mina"], here.Participants);
        Assert.Equal(ManualTime.Start, b.Hubs.LastSeen.Find(Session, "sora"));
        Assert.Empty((await b.Relay.FindAsync(new SessionId("s2"))).UserIds);
    }

    private sealed class Node : IAsyncDisposable
    {
        private readonly LossyBus _bus;

        public Node(string name, PresenceRelayTests world)
        {
            _bus = new LossyBus(world._network.Join());
            Hubs = new SessionHubs(world._time);
            world._registry.Add(name);
            Relay = new PresenceRelay(_bus, new Named(name, world._registry), Hubs, new PresenceRelayOptions(), world._time);
            Hubs.Listeners = [Relay];
            Hubs.Connect = Relay.Connect;
        }

        public SessionHubs Hubs { get; }
        public PresenceRelay Relay { get; }
        public Presence Presence => Hubs.Find(Session)!.Presence;

        public async Task<Reader> ListenAsync(string user)
        {
            var reader = new Reader(user);
            var hub = Hubs.Subscribe(Session, reader.Subscriber);
            hub.Open(reader.Subscriber);
            await hub.OthersKnown;
            return reader;
        }

        public void Lose() => _bus.Loses = true;

        public void Find() => _bus.Loses = false;

        public int Held => _bus.Held;

        /// <summary>What it says is on its way, until it is released.</summary>
        public void Hold() => _bus.Hold();

        public void Release() => _bus.Release();

        public async ValueTask DisposeAsync()
        {
            await Relay.DisposeAsync();
            await _bus.DisposeAsync();
        }
    }

    private sealed class Reader
    {
        private readonly List<string> _seen = [];
        private int _next;

        public Reader(string user)
        {
            Subscriber = new Subscriber(NativeCodec.Instance, user, 1_000_000);
        }

        public Subscriber Subscriber { get; }
        public IReadOnlyList<string> Seen => _seen;

        /// <summary>Reads on from the last one asked for.</summary>
        public async Task ExpectAsync(string name, string user)
        {
            while (true)
            {
                for (; _next < _seen.Count; _next++)
                {
                    if (_seen[_next] == $"{name} {user}")
                    {
                        _next++;
                        return;
                    }
                }
                var frames = new List<Frame>();
                while (Subscriber.Take(frames, int.MaxValue) == 0)
                {
                    await Subscriber.WaitAsync().AsTask().WaitAsync(NativeClient.Timeout);
                }
                _seen.AddRange(frames.Select(frame => new NativeFrame(frame.Payload.ToArray())).Select(frame => $"{frame.Event ?? frame.Type} {frame.Text("user_id")}"));
            }
        }
    }

    private sealed class LossyBus(INodeBus bus) : INodeBus
    {
        private readonly Queue<(string Topic, byte[] Message)> _held = [];
        private bool _holds;

        public bool Loses { get; set; }
        public bool IsUp => bus.IsUp;

        public int Held
        {
            get
            {
                lock (_held)
                {
                    return _held.Count;
                }
            }
        }

        public void Hold() => _holds = true;

        public void Release()
        {
            lock (_held)
            {
                _holds = false;
                while (_held.TryDequeue(out var held))
                {
                    bus.Publish(held.Topic, held.Message);
                }
            }
        }

        public event Action? Restored
        {
            add => bus.Restored += value;
            remove => bus.Restored -= value;
        }

        public IDisposable Subscribe(string topic, Action<ReadOnlyMemory<byte>> handler) => bus.Subscribe(topic, handler);

        public void Publish(string topic, ReadOnlyMemory<byte> message)
        {
            lock (_held)
            {
                if (_holds)
                {
                    _held.Enqueue((topic, message.ToArray()));
                }
                else if (!Loses)
                {
                    bus.Publish(topic, message);
                }
            }
        }

        public ValueTask<bool> TryPublishAsync(string topic, ReadOnlyMemory<byte> message) => bus.TryPublishAsync(topic, message);

        public ValueTask DisposeAsync() => bus.DisposeAsync();
    }

    private sealed class Registry
    {
        private IReadOnlyList<NodeInfo> _nodes = [];

        public IReadOnlyList<NodeInfo> Nodes => _nodes;

        public event Action? Changed;

        public void Add(string name)
        {
            _nodes = [.. _nodes, new NodeInfo(name, "", ManualTime.Start, IsDraining: false)];
            Changed?.Invoke();
        }

        public void Remove(string name)
        {
            _nodes = [.. _nodes.Where(node => node.Name != name)];
            Changed?.Invoke();
        }
    }

    private sealed class Named(string name, Registry registry) : INodeRegistry
    {
        public string Self => name;
        public IReadOnlyList<NodeInfo> Nodes => registry.Nodes;

        public event Action? Changed
        {
            add => registry.Changed += value;
            remove => registry.Changed -= value;
        }

        public string HomeOf(SessionId session) => name;
    }
}
