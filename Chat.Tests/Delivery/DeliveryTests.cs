using Chat.Actors.Delivery;
using Chat.Actors.Persistence;
using Chat.Protocol;
using Chat.Tests.Support;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.Delivery;

/// <summary>Paging, joining the live stream, falling behind and rewinding: every reader gets the log after its cursor, in order, once.</summary>
public sealed class DeliveryTests
{
    private readonly DeliveryWorld _world = new();

    [Theory]
    [InlineData(0, 400)]
    [InlineData(400, 400)]
    [InlineData(800, 400)]
    public async Task Whatever_the_schedule_every_reader_gets_the_log_after_its_cursor(int seed, int count)
    {
        for (var i = seed; i < seed + count; i++)
        {
            try
            {
                await RunScheduleAsync(new Random(i));
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                throw new InvalidOperationException($"Schedule {i}: {e.Message}", e);
            }
        }
    }

    [Fact]
    public async Task What_was_queued_before_an_overflow_goes_out_before_what_is_paged()
    {
        var reader = await LiveReaderAsync(queueLimit: 300);

        // The reader has taken all there was, and looks next whether it is live: between the two, one event is queued and the next does not fit.
        await reader.StepAsync();
        _world.Post();
        _world.Post(new string('x', 300));
        _world.FanOutAll();
        Assert.False(reader.Subscriber.IsLive);

        await reader.CatchUpAsync();
        reader.Check();
    }

    [Fact]
    public async Task A_replay_from_beyond_what_still_waits_begins_with_that()
    {
        var reader = await LiveReaderAsync(queueLimit: 100_000);
        var sent = _world.Log.Count;
        await reader.StepAsync();
        _world.Post();
        _world.Post();
        _world.FanOutAll();

        // The client knows the last seq from the acknowledgement of its own send, which comes before the message and before others' too.
        reader.Sync(_world.Log.Count);
        await reader.CatchUpAsync();

        reader.Check();
        Assert.Equal([sent + 1, sent + 2], reader.Received.Select(frame => (int)frame.Seq!.Value));
    }

    [Fact]
    public async Task A_replay_that_the_client_asked_for_is_not_its_slowness()
    {
        var reader = await LiveReaderAsync(queueLimit: 100_000);
        Assert.True(reader.Subscriber.WasLive);
        reader.Sync(0);
        while (reader.Subscriber.IsLive)
        {
            await reader.StepAsync();
        }
        Assert.False(reader.Subscriber.WasLive);
    }

    [Fact]
    public async Task A_page_is_bounded_in_bytes()
    {
        for (var i = 0; i < 100; i++)
        {
            _world.Post(new string('한', 10_000));
        }
        _world.FanOutAll();
        var subscriber = new Subscriber(NativeCodec.Instance, "kim", 1000);
        var replay = new Replay(_world, _world.Journal, _world.Hub, subscriber, since: 0);
        await replay.BeginAsync(default);
        var seqs = new List<long?>();
        var frames = new List<Frame>();
        while (!await replay.NextAsync(Kim, frames, default))
        {
            Assert.InRange(frames.Sum(frame => frame.Length), 0, 300_000);
            seqs.AddRange(frames.Select(frame => new NativeFrame(frame.Payload.ToArray()).Seq));
            frames.Clear();
        }
        Assert.Equal(Enumerable.Range(3, 100).Select(i => (long?)i), seqs);
    }

    [Fact]
    public async Task A_log_that_ends_before_its_head_is_a_storage_that_cannot_be_relied_on()
    {
        _world.Post();
        var subscriber = new Subscriber(NativeCodec.Instance, "kim", 1000);
        await using var empty = new HandJournal();
        var replay = new Replay(_world, empty, _world.Hub, subscriber, since: 0);
        await replay.BeginAsync(default);
        await Assert.ThrowsAsync<JournalUnavailableException>(async () => await replay.NextAsync(Kim, [], default));
    }

    [Fact]
    public async Task A_removal_that_is_offered_late_does_not_end_the_reader_of_one_who_is_back()
    {
        var lee = new Subscriber(NativeCodec.Instance, "lee", 1000);
        _world.Commit(new RemoveMember { Caller = Kim, UserId = "lee" });
        _world.Commit(new AddMember { Caller = Kim, Member = new Member("lee", "Lee") });
        _world.Subscribers.Add(lee);
        _world.Publish();
        _world.FanOut();
        Assert.Null(lee.Closing);

        var replay = new Replay(_world, _world.Journal, _world.Hub, lee, since: 0);
        await replay.BeginAsync(default);
        Assert.Null(lee.Closing);
        _world.FanOutAll();
        Assert.Null(lee.Closing);

        _world.Commit(new RemoveMember { Caller = Kim, UserId = "lee" });
        _world.FanOutAll();
        Assert.Equal(CloseCode.Refused, lee.Closing?.Code);
    }

    [Fact]
    public async Task A_removal_between_the_reading_of_the_session_and_its_use_ends_the_reader()
    {
        var lee = new Subscriber(NativeCodec.Instance, "lee", 1000);
        _world.Subscribers.Add(lee);
        _world.Between = () =>
        {
            _world.Commit(new RemoveMember { Caller = Kim, UserId = "lee" });
            _world.FanOutAll();
        };
        await new Replay(_world, _world.Journal, _world.Hub, lee, since: null).BeginAsync(default);
        Assert.Equal(CloseCode.Refused, lee.Closing?.Code);
    }

    [Fact]
    public async Task An_event_that_cannot_be_encoded_sets_its_readers_back_and_the_hub_lives_on()
    {
        var hubs = new SessionHubs(TimeProvider.System);
        var session = new SessionId("s1");
        var broken = new Subscriber(new BrokenFace(), "kim", 1000);
        var healthy = new Subscriber(NativeCodec.Instance, "kim", 1000);
        var hub = hubs.Subscribe(session, broken);
        hubs.Subscribe(session, healthy);
        Assert.True(hub.TryGoLive(broken) && hub.TryGoLive(healthy));

        hubs.Publish(session, [new EncodedEvent(1, 0, Events.Posted())]);
        hubs.Publish(session, [new EncodedEvent(2, 1, Events.Posted())]);

        var frames = new List<Frame>();
        while (frames.Count < 2)
        {
            await healthy.WaitAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
            healthy.Take(frames, 10_000);
        }
        await broken.WaitAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.False(broken.IsLive);
        Assert.Equal(0, broken.Cursor);
    }

    private async Task<SimulatedReader> LiveReaderAsync(int queueLimit)
    {
        _world.Post();
        _world.FanOutAll();
        var reader = await SimulatedReader.ComeAsync(_world, queueLimit, since: 0);
        while (!reader.IsAtRest)
        {
            await reader.StepAsync();
        }
        return reader;
    }

    private static async Task RunScheduleAsync(Random random)
    {
        var world = new DeliveryWorld();
        var readers = new List<SimulatedReader>();
        void Tell()
        {
            for (var i = random.Next(4); i > 0; i--)
            {
                switch (random.Next(3))
                {
                    case 0:
                        Say(world, random);
                        break;
                    case 1:
                        world.Publish();
                        break;
                    default:
                        world.FanOut();
                        break;
                }
            }
        }
        world.Between = Tell;
        for (var step = 0; step < 150; step++)
        {
            Tell();
            if (readers.Count < 3 && random.Next(20) == 0)
            {
                long? since = random.Next(4) == 0 ? null : random.Next(world.Log.Count + 1);
                Func<bool>? takesNow = random.Next(3) == 0 ? null : () => random.Next(4) > 0;
                readers.Add(await SimulatedReader.ComeAsync(world, random.Next(100, 3000), since, takesNow));
            }
            foreach (var reader in readers)
            {
                for (var i = random.Next(4); i > 0; i--)
                {
                    await reader.StepAsync();
                }
                if (reader.Received.Count > 0 && random.Next(50) == 0)
                {
                    reader.Sync(random.Next(3) == 0 ? world.Log.Count : reader.Received[random.Next(reader.Received.Count)].Seq!.Value);
                }
            }
        }
        world.FanOutAll();
        world.Between = () => { };
        foreach (var reader in readers)
        {
            await reader.CatchUpAsync();
            reader.Check();
        }
    }

    private static void Say(DeliveryWorld world, Random random)
    {
        var run = world.OpenRuns.Count > 0 ? world.OpenRuns[random.Next(world.OpenRuns.Count)] : null;
        switch (random.Next(8))
        {
            case 0:
                world.StartStream();
                break;
            case 1 or 2 or 3 when run is not null:
                world.Chunk(run.MessageId);
                break;
            case 4 when run is not null:
                world.EndStream(run.MessageId);
                break;
            case 5:
                world.Commit(new AddMember { Caller = Kim, Member = new Member(Guid.NewGuid().ToString(), "New") });
                break;
            case 6:
                world.Commit(Post("one"), new UpdateSession { Caller = Kim, Title = random.Next().ToString(System.Globalization.CultureInfo.InvariantCulture) }, Post("two"));
                break;
            default:
                world.Post();
                break;
        }
    }

    private sealed class BrokenFace : FaceCodec
    {
        public override int Index => 1;

        public override Frame? Encode(long seq, long previous, SessionEvent e) => throw new InvalidOperationException("a bug");

        public override Frame? Encode(PassingEvent e) => null;
    }
}
