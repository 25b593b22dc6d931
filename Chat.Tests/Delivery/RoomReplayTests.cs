using Chat.Actors.Delivery;
using Chat.Host.Faces.Rooms;
using Chat.Protocol;
using Chat.Tests.Support;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.Delivery;

/// <summary>Readers of one room's shared list: whatever comes between paging and publishing, each ends at the list that the log tells.</summary>
public sealed class RoomReplayTests
{
    [Theory]
    [InlineData(0, 200)]
    [InlineData(200, 200)]
    public async Task Whatever_the_schedule_every_reader_ends_at_the_last_list(int seed, int count)
    {
        for (var i = seed; i < seed + count; i++)
        {
            try
            {
                await new Schedule(new Random(i)).RunAsync();
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                throw new InvalidOperationException($"Schedule {i}: {e.Message}", e);
            }
        }
    }

    [Fact]
    public async Task Readers_share_one_frame_and_a_slow_one_has_the_newest_alone_waiting()
    {
        var schedule = new Schedule(new Random(1));
        var (quick, slow) = (await schedule.ComeAsync(), await schedule.ComeAsync());
        await quick.CatchUpAsync();
        await slow.CatchUpAsync();

        for (var i = 0; i < 10; i++)
        {
            schedule.World.Post($"{i}");
            schedule.World.FanOutAll();
            await quick.CatchUpAsync();
        }

        Assert.Equal(10, quick.Received.Count);
        await slow.CatchUpAsync();
        Assert.Same(quick.Received[^1], Assert.Single(slow.Received));
    }

    [Fact]
    public async Task One_batch_is_one_list_for_a_reader_that_comes_to_it_later()
    {
        var schedule = new Schedule(new Random(1));
        var readers = new[] { await schedule.ComeAsync(), await schedule.ComeAsync() };
        foreach (var reader in readers)
        {
            await reader.CatchUpAsync();
        }
        schedule.World.Commit(Post("one"), Post("two"), Post("three"));
        schedule.World.FanOutAll();

        foreach (var reader in readers)
        {
            await reader.CatchUpAsync();
        }

        Assert.Same(Assert.Single(readers[0].Received), Assert.Single(readers[1].Received));
    }

    [Fact]
    public async Task An_empty_room_shows_nothing_to_one_who_comes_and_its_last_deletion_to_one_who_is_there()
    {
        var schedule = new Schedule(new Random(1));
        var there = await schedule.ComeAsync();
        await there.CatchUpAsync();
        Assert.Empty(there.Received);
        schedule.World.Post("only");
        schedule.World.FanOutAll();
        await there.CatchUpAsync();

        schedule.DeleteNewest(1);
        schedule.World.FanOutAll();
        await there.CatchUpAsync();
        var late = await schedule.ComeAsync();
        await late.CatchUpAsync();

        Assert.Equal(["1", "0"], there.Received.Select(frame => $"{Contents(frame).Count}"));
        Assert.Empty(late.Received);
    }

    [Fact]
    public async Task One_who_may_no_longer_read_gets_no_list()
    {
        var schedule = new Schedule(new Random(1));
        schedule.World.Post("secret");
        var reader = await schedule.ComeAsync(new Caller("lee", "Lee"));
        schedule.World.Commit(new RemoveMember { Caller = Kim, UserId = "lee" });

        await Assert.ThrowsAsync<SessionGoneException>(() => reader.CatchUpAsync());
        Assert.Empty(reader.Received);
    }

    private static List<string> Contents(Frame frame) =>
        [.. new NativeFrame(frame.Payload.ToArray()).Root.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("content").GetString()!)];

    /// <summary>A room, its readers, and what happens to it in an order drawn at random.</summary>
    private sealed class Schedule
    {
        private readonly Random _random;
        private readonly Room _room;
        private int _posted;

        public Schedule(Random random)
        {
            _random = random;
            World.Journal.AfterRead = World.ComeBetween;
            _room = new Room(new SessionId("room:lobby"), World.Journal, (_, upTo, limit, _) =>
            {
                World.ComeBetween();
                // As the read model: what has been edited or deleted since, shows.
                IReadOnlyList<RoomMessage> rows = [.. Messages().Where(m => m.Seq <= upTo).Select(m => m.Message).TakeLast(limit)];
                World.ComeBetween();
                return new(rows);
            });
        }

        public DeliveryWorld World { get; } = new("room:lobby");

        public async Task<Reader> ComeAsync(Caller? caller = null, int queueLimit = 100_000)
        {
            var subscriber = new Subscriber(_room.Codec, (caller ?? Kim).UserId, queueLimit);
            World.Subscribers.Add(subscriber);
            await new Replay(World, World.Journal, World.Hub, subscriber, since: null).BeginAsync(default);
            return new Reader(World, subscriber, new RoomReplay(World, World.Hub, subscriber, _room), caller ?? Kim);
        }

        public void DeleteNewest(int count)
        {
            foreach (var (_, message) in Messages().TakeLast(count).ToList())
            {
                World.Commit(new DeleteMessage { Caller = Kim, MessageId = message.Id });
            }
        }

        public async Task RunAsync()
        {
            for (var i = _random.Next(150); i > 0; i--)
            {
                Post();
            }
            var readers = new List<Reader>();
            World.Between = () => Tell(4);
            for (var step = 0; step < 100; step++)
            {
                Tell(4);
                if (readers.Count < 4 && _random.Next(10) == 0)
                {
                    readers.Add(await ComeAsync(queueLimit: _random.Next(100, 10_000)));
                }
                foreach (var reader in readers)
                {
                    for (var i = _random.Next(4); i > 0; i--)
                    {
                        await reader.StepAsync();
                    }
                }
            }
            World.FanOutAll();
            World.Between = () => { };
            var expected = Messages().Select(m => m.Message.Content).TakeLast(RoomCodec.Shown).ToList();
            foreach (var reader in readers)
            {
                await reader.CatchUpAsync();
                Assert.All(reader.Received, frame => Assert.InRange(Contents(frame).Count, 0, RoomCodec.Shown));
                Assert.Equal(expected, reader.Received.Count == 0 ? [] : Contents(reader.Received[^1]));
            }
        }

        private void Tell(int most)
        {
            for (var i = _random.Next(most); i > 0; i--)
            {
                switch (_random.Next(3))
                {
                    case 0:
                        Say();
                        break;
                    case 1:
                        World.Publish();
                        break;
                    default:
                        World.FanOut();
                        break;
                }
            }
        }

        private void Say()
        {
            var run = World.OpenRuns.Count > 0 ? World.OpenRuns[_random.Next(World.OpenRuns.Count)] : null;
            switch (_random.Next(12))
            {
                case 0:
                    World.StartStream();
                    break;
                case 1 when run is not null:
                    World.Chunk(run.MessageId, $"w{_posted++} ");
                    break;
                case 2 when run is not null:
                    World.EndStream(run.MessageId);
                    break;
                case 3 or 4:
                    Change(message => new EditMessage { Caller = Kim, MessageId = message, Content = $"edited {_posted++}" });
                    break;
                case 5:
                    Change(message => new DeleteMessage { Caller = Kim, MessageId = message });
                    break;
                case 6 when _random.Next(8) == 0:
                    DeleteNewest(_random.Next(120));
                    break;
                case 7 when _random.Next(8) == 0:
                    // So far ahead that the list is read from history again.
                    for (var i = 0; i < 1100; i++)
                    {
                        World.Commit(new UpdateSession { Caller = Kim, Title = $"{_posted++}" });
                    }
                    break;
                case 8:
                    World.Commit(Commands.Post($"{_posted++}"), new UpdateSession { Caller = Kim, Title = $"{_posted}" }, Commands.Post($"{_posted++}"));
                    break;
                default:
                    Post();
                    break;
            }
        }

        private void Post() => World.Post($"{_posted++}");

        private void Change(Func<MessageId, SessionCommand> change)
        {
            var messages = Messages().ToList();
            if (messages.Count > 0)
            {
                World.Commit(change(messages[_random.Next(messages.Count)].Message.Id));
            }
        }

        /// <summary>What is not deleted, told from the log a second way.</summary>
        private IEnumerable<(long Seq, RoomMessage Message)> Messages()
        {
            var edits = new Dictionary<MessageId, string>();
            var deleted = new HashSet<MessageId>();
            foreach (var stored in World.Log)
            {
                if (stored.Event is MessageEdited edited)
                {
                    edits[edited.MessageId] = edited.Content;
                }
                else if (stored.Event is MessageDeleted gone)
                {
                    deleted.Add(gone.MessageId);
                }
            }
            return World.Log
                .Select(stored => (stored.Seq, Message: RoomMessage.Of(stored.Event!)!))
                .Where(m => m.Message is { Content.Length: > 0 } && !deleted.Contains(m.Message.Id))
                .Select(m => (m.Seq, m.Message with { Content = edits.GetValueOrDefault(m.Message.Id, m.Message.Content) }));
        }
    }

    /// <summary>A connection's writer as a machine of single steps.</summary>
    private sealed class Reader(DeliveryWorld world, Subscriber subscriber, RoomReplay replay, Caller caller)
    {
        private readonly List<Frame> _frames = [];
        private Step _next = Step.Take;

        private enum Step
        {
            Take,
            Look,
            Page,
        }

        public List<Frame> Received { get; } = [];

        public async Task StepAsync()
        {
            switch (_next)
            {
                case Step.Take:
                    _next = subscriber.Take(_frames, int.MaxValue) == 0 ? Step.Look : Step.Take;
                    // A reader that is slow costs one list.
                    Assert.InRange(_frames.Count, 0, 1);
                    break;
                case Step.Look:
                    _next = subscriber.IsLive ? Step.Take : Step.Page;
                    break;
                case Step.Page:
                    await replay.NextAsync(caller, _frames, default);
                    _next = Step.Take;
                    break;
            }
            Received.AddRange(_frames);
            _frames.Clear();
        }

        public async Task CatchUpAsync()
        {
            for (var i = 0; i < 1000; i++)
            {
                var before = Received.Count;
                await StepAsync();
                if (_next == Step.Look && subscriber.IsLive && subscriber.Cursor == world.Log.Count && Received.Count == before)
                {
                    return;
                }
            }
            throw new TimeoutException($"The reader stands at {subscriber.Cursor} of {world.Log.Count}");
        }
    }
}
