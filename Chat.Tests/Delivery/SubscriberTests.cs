using Chat.Actors.Delivery;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Delivery;

/// <summary>What one reader can cost, however slow it is.</summary>
public sealed class SubscriberTests
{
    private const int Limit = 10_000;

    private readonly Subscriber _subscriber = new(NativeCodec.Instance, "mina", Limit);

    [Fact]
    public void A_reader_that_takes_nothing_has_no_more_than_its_limit_waiting()
    {
        GoLive();

        for (var seq = 1; seq <= 1000; seq++)
        {
            Offer(seq, new string('x', 200));
        }

        Assert.False(_subscriber.IsLive);
        var waiting = TakeAll();
        Assert.InRange(waiting.Sum(f => f.Length), Limit - 500, Limit);
        Assert.Equal(waiting.Count, _subscriber.Cursor);
    }

    [Fact]
    public void One_frame_larger_than_the_limit_is_still_delivered()
    {
        GoLive();

        Offer(1, new string('x', 2 * Limit));

        Assert.True(_subscriber.IsLive);
        Assert.Single(TakeAll());
    }

    [Fact]
    public void Behind_nothing_stored_is_queued()
    {
        Offer(1, "a");

        Assert.Empty(TakeAll());
        Assert.Equal(0, _subscriber.Cursor);
    }

    [Fact]
    public void A_hole_in_what_is_offered_sets_the_reader_back_to_paging()
    {
        GoLive();
        Offer(1, "a");
        Offer(3, "c");
        Offer(4, "d");

        Assert.False(_subscriber.IsLive);
        Assert.Equal(1, _subscriber.Cursor);
        Assert.Single(TakeAll());
    }

    [Fact]
    public void What_has_been_paged_is_not_offered_again()
    {
        _subscriber.AdvanceTo(5, shown: true);
        GoLive(published: 5);

        for (var seq = 1; seq <= 6; seq++)
        {
            Offer(seq, "a");
        }

        Assert.Single(TakeAll());
        Assert.Equal(6, _subscriber.Cursor);
    }

    [Fact]
    public void A_reader_does_not_join_before_it_has_reached_what_was_published()
    {
        _subscriber.AdvanceTo(5, shown: true);

        Assert.False(_subscriber.GoLive(published: 6));
        Assert.True(_subscriber.GoLive(published: 4));
    }

    [Fact]
    public void Passing_frames_are_dropped_when_half_of_the_limit_waits()
    {
        GoLive();
        _subscriber.Open(NativeReplies.Pong, passed: 0);
        var typing = new Typing(new Person("juno", "Juno"), true, Events.At);
        var length = NativeCodec.Instance.Encode(typing)!.Length;

        for (var i = 0; i < 1000; i++)
        {
            _subscriber.Offer(new PassingBatch([typing], i + 1));
        }

        Assert.InRange(TakeAll().Sum(f => f.Length), Limit / 2, (Limit / 2) + (2 * length));
    }

    [Fact]
    public async Task One_who_reads_no_answers_is_asked_for_no_more_until_half_has_gone()
    {
        var pong = NativeReplies.Pong;
        while (_subscriber.WhenRoomAsync(default).IsCompleted)
        {
            _subscriber.Send(pong);
        }
        var room = _subscriber.WhenRoomAsync(default);
        var frames = new List<Frame>();

        _subscriber.Take(frames, Limit / 4);
        Assert.False(room.IsCompleted);
        _subscriber.Take(frames, Limit / 2);

        await room.WaitAsync(NativeClient.Timeout);
        Assert.InRange(frames.Sum(f => f.Length), Limit / 2, Limit);
    }

    [Fact]
    public void Set_back_the_reader_keeps_answers_and_drops_what_will_be_paged()
    {
        GoLive();
        Offer(1, "a");
        Offer(2, "b");
        _subscriber.Send(NativeReplies.Pong);
        Assert.Equal(0, _subscriber.TakenUpTo);

        _subscriber.Rewind(_subscriber.TakenUpTo, head: 2);

        Assert.Equal([NativeReplies.Pong.Length], TakeAll().Select(f => f.Length));
        Assert.Equal((0, false), (_subscriber.Cursor, _subscriber.IsLive));
        Assert.Equal(0, _subscriber.TakenUpTo);
    }

    [Fact]
    public void The_first_reason_to_close_stays_and_nothing_is_queued_after_it()
    {
        _subscriber.Send(NativeReplies.Pong);
        _subscriber.Close(CloseCode.Refused, "first");
        _subscriber.Close(CloseCode.Draining, "second");
        _subscriber.Send(NativeReplies.Pong);

        Assert.Equal((CloseCode.Refused, "first"), _subscriber.Closing);
        Assert.Single(TakeAll());
    }

    [Fact]
    public void What_comes_while_the_owner_rests_is_written_at_once_in_one_piece_and_in_order()
    {
        var writes = new List<string>();
        var takes = true;
        var subscriber = new Subscriber(NativeCodec.Instance, "mina", Limit)
        {
            WriteNow = bytes =>
            {
                writes.AddRange(takes ? [string.Join(' ', WebSocketFrames.PayloadsOf(bytes).Select(payload => new NativeFrame(payload).OptionalText("content") ?? "pong"))] : []);
                return takes;
            },
        };
        Assert.True(subscriber.GoLive(0));
        var frames = new List<Frame>();

        // Its owner is at work: it may have frames in hand.
        subscriber.Offer(Batch(1, "a"));
        Assert.Empty(writes);
        Assert.NotEqual(0, subscriber.Take(frames, int.MaxValue));
        subscriber.Offer(Batch(2, "b"));
        Assert.Empty(writes);
        Assert.NotEqual(0, subscriber.Take(frames, int.MaxValue));
        Assert.Equal(0, subscriber.Take(frames, int.MaxValue));

        _ = subscriber.WaitAsync().AsTask();
        subscriber.Offer(Batch(3, "c", "d"));
        subscriber.Send(NativeReplies.Pong);
        subscriber.Offer(Batch(5, "e"));
        Assert.Equal(["c d", "pong", "e"], writes);
        Assert.Equal((5, 5), (subscriber.Cursor, subscriber.LastShown));

        // The transport is full: from here on all is the owner's again.
        takes = false;
        subscriber.Offer(Batch(6, "f", "g"));
        takes = true;
        subscriber.Offer(Batch(8, "h"));
        Assert.Equal(3, writes.Count);
        frames.Clear();
        Assert.NotEqual(0, subscriber.Take(frames, int.MaxValue));
        Assert.Equal(3, frames.Count);
    }

    [Fact]
    public void An_answer_about_what_is_about_to_be_offered_goes_in_the_same_write()
    {
        var writes = new List<string>();
        var takes = true;
        var subscriber = Resting(bytes => Write(writes, bytes, takes), out _);

        subscriber.Send(Ack("1"), published: 1);
        subscriber.Send(Ack("2"), published: 2);
        Assert.Empty(writes);
        subscriber.Offer(Batch(1, "a", "b"));
        // Offered by now: what comes after it waits for nothing.
        subscriber.Send(Ack("again"), published: 2);
        // What else there is to write takes it along.
        subscriber.Send(Ack("3"), published: 3);
        subscriber.Send(NativeReplies.Pong);
        Assert.Equal(["1 2 a b", "again", "3 pong"], writes);

        subscriber.Send(Ack("4"), published: 3);
        takes = false;
        subscriber.Offer(Batch(3, "c"));
        takes = true;
        subscriber.Send(Ack("5"), published: 4);
        Assert.Equal(3, writes.Count);
        Assert.Equal("4 c 5", Taken(subscriber));
    }

    [Fact]
    public async Task An_answer_that_was_held_is_not_left_where_nothing_comes_that_it_could_go_with()
    {
        var writes = new List<string>();
        var readers = new Subscriber[4];
        var woken = new Task[4];
        for (var i = 0; i < readers.Length; i++)
        {
            readers[i] = Resting(bytes => Write(writes, bytes), out woken[i], filter: i == 3 ? _ => false : null);
            readers[i].Send(Ack("1"), published: 1);
        }
        var (hidden, gap, closed, unwanted) = (readers[0], readers[1], readers[2], readers[3]);
        await Task.Delay(20);
        Assert.DoesNotContain(woken, task => task.IsCompleted);

        hidden.Offer(new EventBatch([new EncodedEvent(1, 0, new RunClaimed { MessageId = new MessageId("m1"), Epoch = 1, Node = "n", At = default })]));
        gap.Offer(Batch(2, "b"));
        closed.Close(CloseCode.Draining, "");
        unwanted.Offer(Batch(1, "a"));

        await Task.WhenAll(woken[1..]).WaitAsync(NativeClient.Timeout);
        // The first needs no owner: there is a write, with nothing else in it.
        Assert.Equal(["1"], writes);
        Assert.Equal(("", "1", "1", "1"), (Taken(hidden), Taken(gap), Taken(closed), Taken(unwanted)));
    }

    [Fact]
    public void One_who_waits_for_room_is_let_on_by_the_write_that_takes_the_answers_along()
    {
        var subscriber = Resting(_ => true, out _, limit: 1000);
        for (var i = 0; i < 20; i++)
        {
            subscriber.Send(Ack("an id of some length, as clients like to have them"), published: 1);
        }
        var room = subscriber.WhenRoomAsync(CancellationToken.None);
        Assert.False(room.IsCompleted);

        subscriber.Offer(Batch(1, "a"));

        Assert.True(room.IsCompletedSuccessfully);
    }

    [Fact]
    public void A_batch_that_does_not_follow_on_what_the_reader_has_is_looked_at_event_by_event()
    {
        var writes = 0;
        var subscriber = new Subscriber(NativeCodec.Instance, "mina", Limit) { WriteNow = _ => ++writes > 0 };
        Assert.True(subscriber.GoLive(0));
        _ = subscriber.WaitAsync().AsTask();
        subscriber.AdvanceTo(2, shown: true);

        Assert.Equal(1, subscriber.Offer(Batch(1, "a", "b", "c")));
        Assert.Equal(0, subscriber.Offer(Batch(5, "e")));
        Assert.Equal((3, false), (subscriber.Cursor, subscriber.IsLive));
        Assert.Equal(1, writes);
    }

    private static Subscriber Resting(Func<ReadOnlyMemory<byte>, bool> write, out Task woken, int limit = Limit, Func<SessionEvent, bool>? filter = null)
    {
        var subscriber = new Subscriber(NativeCodec.Instance, "mina", limit, filter) { WriteNow = write };
        Assert.True(subscriber.GoLive(0));
        woken = subscriber.WaitAsync().AsTask();
        return subscriber;
    }

    private static Frame Ack(string id) => SocketReplies.Ack(id, new Accepted { Seq = 1, At = default, MessageId = new MessageId("m1") });

    private static bool Write(List<string> writes, ReadOnlyMemory<byte> bytes, bool takes = true)
    {
        writes.AddRange(takes ? [Shown(WebSocketFrames.PayloadsOf(bytes))] : []);
        return takes;
    }

    private static string Taken(Subscriber subscriber)
    {
        var frames = new List<Frame>();
        while (subscriber.Take(frames, int.MaxValue) > 0)
        {
        }
        return Shown(frames.Select(frame => frame.Payload.ToArray()));
    }

    private static string Shown(IEnumerable<byte[]> payloads) => string.Join(' ', payloads
        .Select(payload => new NativeFrame(payload))
        .Select(frame => frame.OptionalText("content") ?? frame.OptionalText("client_message_id") ?? "pong"));

    private static EventBatch Batch(long first, params string[] contents) =>
        new([.. contents.Select((content, i) => new EncodedEvent(first + i, first + i - 1, Events.Posted(content)))]);

    private void GoLive(long published = 0) => Assert.True(_subscriber.GoLive(published));

    private void Offer(long seq, string content) => _subscriber.Offer(new EncodedEvent(seq, seq - 1, Events.Posted(content)));

    private List<Frame> TakeAll()
    {
        var frames = new List<Frame>();
        while (_subscriber.Take(frames, int.MaxValue) > 0)
        {
        }
        return frames;
    }
}
