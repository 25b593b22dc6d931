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
