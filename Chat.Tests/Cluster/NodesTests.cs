using Chat.Actors.Cluster;
using Chat.Actors.Persistence;
using Chat.Protocol;
using Chat.Tests.Support;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.Cluster;

/// <summary>Several nodes in one process over one journal, with a bus that loses, doubles, delays and reorders, and a storage that does not always confirm.</summary>
public sealed class NodesTests : IAsyncDisposable
{
    private static readonly SessionId Session = new("s1");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly LocalNetwork _network = new();
    private readonly HandJournal _journal = new();
    private readonly List<SimulatedNode> _nodes = [];
    private readonly List<UnreliableBus> _buses = [];

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
        foreach (var bus in _buses)
        {
            await bus.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(null)]
    public async Task Whatever_the_bus_does_every_reader_gets_the_one_history_and_every_command_is_stored_once(int? given)
    {
        var seed = given ?? Random.Shared.Next();
        try
        {
            await RunAsync(new Random(seed));
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"Seed {seed}: {e.Message}", e);
        }
    }

    [Fact]
    public async Task Two_nodes_that_both_believe_to_be_home_make_one_history()
    {
        await StartAsync(2, _ => { });
        var listeners = _nodes.Select(node => new SimulatedListener(node, Session)).ToList();
        var senders = _nodes.SelectMany(node => new[] { new Sender(node, "kim", $"{node.Self}-kim"), new Sender(node, "lee", $"{node.Self}-lee") }).ToList();
        await Task.WhenAll(senders.Select(sender => Task.Run(() => sender.RunAsync(150, new Random(1)))));
        Assert.All(senders, sender => Assert.Equal(0, sender.Refused));
        await CheckAsync(senders, listeners);
        // That they took turns shows in the writers: neither had the session for itself.
        Assert.True(_journal.Log(Session.Value).Select(e => e.WriterId).Distinct().Count() > 10);
    }

    [Fact]
    public async Task What_a_home_acts_upon_after_it_was_given_up_is_not_stored_twice()
    {
        await StartAsync(2, _ => { });
        var (asker, home) = (_nodes[0], _nodes[1]);
        var post = Post("one");
        Assert.IsType<Accepted>(await asker.Gateway.AskAsync(Session, post));
        asker.Believe(home.Self);
        Assert.IsType<Accepted>(await asker.Gateway.AskAsync(Session, Post("two")));

        // The home has read the command and waits for its storage.
        var release = home.Journal.Hold();
        var edited = asker.Gateway.AskAsync(Session, new EditMessage { Caller = Kim, MessageId = post.MessageId, Content = "first" }).AsTask();
        Assert.IsType<Accepted>(await edited.WaitAsync(Patience));
        asker.Believe(asker.Self);
        Assert.IsType<Accepted>(await asker.Gateway.AskAsync(Session, new EditMessage { Caller = Kim, MessageId = post.MessageId, Content = "second" }));
        release();
        Assert.IsType<Accepted>(await home.Gateway.AskAsync(Session, Post("three")).AsTask().WaitAsync(Patience));
        Assert.Equal(["first", "second"], _journal.Log(Session.Value).Select(e => e.Event).OfType<MessageEdited>().Select(e => e.Content));
    }

    [Fact]
    public async Task A_home_whose_storage_is_away_leaves_it_to_the_one_who_asks()
    {
        await StartAsync(2, _ => { });
        var (asker, home) = (_nodes[0], _nodes[1]);
        Assert.IsType<Accepted>(await asker.Gateway.AskAsync(Session, Post("one")));
        asker.Believe(home.Self);
        home.Journal.IsDown = true;
        Assert.IsType<Accepted>(await asker.Gateway.AskAsync(Session, Post("two")).AsTask().WaitAsync(Patience));
        home.Journal.IsDown = false;
        Assert.IsType<Accepted>(await asker.Gateway.AskAsync(Session, Post("three")).AsTask().WaitAsync(Patience));
        Assert.Equal(["one", "two", "three"], _journal.Log(Session.Value).Select(e => e.Event).OfType<MessagePosted>().Select(e => e.Content));
    }

    [Fact]
    public async Task A_lost_last_event_is_found_in_the_journal()
    {
        await StartAsync(2, bus => bus.IsDeaf = true);
        var listener = new SimulatedListener(_nodes[1], Session);
        await CaughtUpAsync(listener);
        Assert.IsType<Accepted>(await _nodes[0].Gateway.AskAsync(Session, Post("alone")));
        await CaughtUpAsync(listener);
        Assert.Contains("alone", Assert.Single(await listener.EndAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Senders_keep_their_order_while_the_home_moves()
    {
        await StartAsync(3, _ => { });
        var sender = new Sender(_nodes[0], "kim", "kim");
        var sending = Task.Run(() => sender.RunAsync(600, new Random(1)));
        for (var i = 0; !sending.IsCompleted; i++)
        {
            _nodes[0].Believe(_nodes[i % 3].Self);
            await Task.Delay(3);
        }
        await sending;
        Assert.Equal(0, sender.Refused);
        await CheckAsync([sender], []);
    }

    private async Task RunAsync(Random random)
    {
        await StartAsync(3, bus =>
        {
            (bus.Drops, bus.Doubles, bus.Delays) = (random.Next(10), random.Next(20), random.Next(20));
            bus.LongestDelay = TimeSpan.FromMilliseconds(random.Next(1, 300));
        });
        var listeners = _nodes.Concat(_nodes).Select(node => new SimulatedListener(node, Session)).ToList();
        var senders = _nodes.SelectMany(node => new[] { "kim", "lee" }.Select(user => new Sender(node, user, $"{node.Self}-{user}"))).ToList();
        var seeds = senders.ToDictionary(sender => sender, _ => random.Next());
        var sending = Task.WhenAll(senders.Select(sender => Task.Run(() => sender.RunAsync(300, new Random(seeds[sender])))));
        while (!sending.IsCompleted)
        {
            var node = _nodes[random.Next(_nodes.Count)];
            switch (random.Next(12))
            {
                case 0:
                    node.Journal.Next = FaultyJournal.Fault.LostBefore;
                    break;
                case 1:
                    node.Journal.Next = FaultyJournal.Fault.LostAfter;
                    break;
                case 2:
                    var release = node.Journal.Hold();
                    await Task.Delay(random.Next(300));
                    release();
                    break;
                case 3:
                    var bus = _buses[random.Next(_buses.Count)];
                    bus.IsDeaf = true;
                    await Task.Delay(random.Next(200));
                    bus.IsDeaf = false;
                    break;
                default:
                    node.Believe(_nodes[random.Next(_nodes.Count)].Self);
                    break;
            }
            await Task.Delay(random.Next(20));
        }
        await sending.WaitAsync(Patience);
        await CheckAsync(senders, listeners);
    }

    private async Task StartAsync(int count, Action<UnreliableBus> spoil)
    {
        for (var i = 0; i < count; i++)
        {
            var bus = new UnreliableBus(_network.Join(), new Random(i));
            spoil(bus);
            _buses.Add(bus);
            _nodes.Add(new SimulatedNode($"node-{i}", bus, _journal));
        }
        Assert.IsType<Accepted>(await _nodes[0].Gateway.AskAsync(Session, Create(Session, Kim, null, new Member("lee", "Lee"), new Member("bot", "Bot"))));
    }

    private async Task CaughtUpAsync(SimulatedListener listener)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (listener.Cursor < _journal.Log(Session.Value).Count)
        {
            Assert.Null(listener.Fault);
            Assert.False(patience.IsCancellationRequested, $"A reader stands at {listener.Cursor} of {_journal.Log(Session.Value).Count}");
            await Task.Delay(5);
        }
    }

    private async Task CheckAsync(IReadOnlyList<Sender> senders, IReadOnlyList<SimulatedListener> listeners)
    {
        // What was given up may still be on its way.
        foreach (var node in _nodes)
        {
            Assert.IsType<Accepted>(await node.Actors.ActAsync(Session, Post("last")).AsTask().WaitAsync(Patience));
        }
        foreach (var listener in listeners)
        {
            await CaughtUpAsync(listener);
        }
        var log = _journal.Log(Session.Value);
        Assert.Equal(Enumerable.Range(1, log.Count).Select(i => (long)i), log.Select(e => e.Seq));
        var expected = Transcript.OfLog(log);
        foreach (var listener in listeners)
        {
            var lines = await listener.EndAsync();
            Assert.Equal(expected.Take(lines.Count), lines);
        }
        foreach (var sender in senders)
        {
            sender.Check(log);
        }
    }

    /// <summary>One socket of a user: commands of many kinds, a few under way at once, each with a text of its own by which it is known in the log.</summary>
    private sealed class Sender(SimulatedNode node, string user, string name)
    {
        private const int Ahead = 8;

        private readonly Caller _caller = new(user, user);
        private readonly List<(string Text, SessionCommand Command, Task<Reply> Asked)> _sent = [];
        private readonly Dictionary<string, Reply> _replies = [];
        private MessageId? _posted;

        public int Refused => _replies.Values.Count(reply => reply is Rejected);

        public async Task RunAsync(int count, Random random)
        {
            var answering = 0;
            for (var i = 0; i < count; i++)
            {
                var text = $"{name}-{i}";
                var command = Next(text, random);
                _sent.Add((text, command, node.Gateway.AskAsync(Session, command).AsTask()));
                for (; answering <= i - Ahead; answering++)
                {
                    await AnswerAsync(answering);
                }
                if (random.Next(10) == 0)
                {
                    await Task.Delay(random.Next(10));
                }
            }
            for (; answering < count; answering++)
            {
                await AnswerAsync(answering);
            }
        }

        public void Check(IReadOnlyList<StoredEvent> log)
        {
            var own = log.Where(e => TextOf(e.Event!) is { } text && _replies.ContainsKey(text)).Select(e => (Text: TextOf(e.Event!)!, e.Seq)).ToList();
            Assert.Equal(own.Select(e => e.Text).Distinct(), own.Select(e => e.Text));
            var bySeq = own.ToDictionary(e => e.Text, e => e.Seq);
            foreach (var (text, command, _) in _sent)
            {
                if (_replies[text] is Accepted accepted)
                {
                    Assert.True(bySeq.TryGetValue(text, out var seq), $"{text} ({command.GetType().Name}) was acknowledged and is not in the log");
                    Assert.Equal(seq, accepted.Seq);
                }
            }
            var kept = _sent.Select(sent => sent.Text).Where(text => _replies[text] is Accepted).ToList();
            Assert.Equal(kept, own.Select(e => e.Text).Where(kept.Contains));
        }

        private async Task AnswerAsync(int index)
        {
            var (text, command, asked) = _sent[index];
            var reply = await asked.WaitAsync(Patience);
            _replies[text] = reply;
            if (reply is Accepted && command is PostMessage post)
            {
                _posted = post.MessageId;
            }
            Assert.True(reply is Accepted or Rejected { Code: ErrorCode.StorageUnavailable }, $"{text} ({command.GetType().Name}): {reply}");
        }

        private SessionCommand Next(string text, Random random) => random.Next(8) switch
        {
            0 when _posted is { } id => new EditMessage { Caller = _caller, MessageId = id, Content = text },
            1 when _posted is { } id => new React { Caller = _caller, MessageId = id, Emoji = text },
            2 => new AddMember { Caller = Kim, Member = new Member(text, text) },
            3 when user == "kim" => new UpdateSession { Caller = Kim, Title = text },
            4 => Post(text, _caller, clientId: text),
            _ => Post(text, _caller),
        };

        private static string? TextOf(SessionEvent e) => e switch
        {
            MessagePosted m => m.Content,
            MessageEdited m => m.Content,
            ReactionChanged r => r.Emoji,
            MemberAdded m => m.Member.UserId,
            TitleChanged t => t.Title,
            _ => null,
        };
    }
}
