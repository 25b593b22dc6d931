using Chat.Bench.Measure;

namespace Chat.Tests.Bench;

/// <summary>The load generator notices what must not happen, and nothing else.</summary>
public sealed class OrderCheckTests
{
    [Fact]
    public void What_comes_once_and_in_order_is_no_fault()
    {
        var order = Shown([(0, 0), (1, 0), (0, 1), (1, 1), (0, 2)]);

        Assert.Equal((0, 0, 0, 0), Faults(order, 3, 2));
    }

    [Fact]
    public void A_message_that_is_passed_over_is_lost() => Assert.Equal((1, 0, 0, 0), Faults(Shown([(0, 0), (0, 2), (1, 0)]), 3, 1));

    [Fact]
    public void A_message_that_does_not_come_at_the_end_is_lost() => Assert.Equal((2, 0, 0, 0), Faults(Shown([(0, 0)]), 2, 1));

    [Fact]
    public void A_message_that_was_refused_is_not_lost()
    {
        var order = Shown([(0, 0), (0, 2)]);

        Assert.Equal(0, order.Lost(0, 4, (_, index) => index is not (1 or 3)));
    }

    [Fact]
    public void A_repeat_is_doubled()
    {
        var order = new OrderCheck(2);

        Assert.True(order.Take(0, 0));
        Assert.False(order.Take(0, 0));
        Assert.Equal((0, 1, 0, 0), Faults(order, 1, 0));
    }

    [Fact]
    public void A_message_after_a_later_one_of_its_sender_is_disordered_and_not_lost() => Assert.Equal((0, 0, 1, 0), Faults(Shown([(0, 1), (0, 0), (0, 2)]), 3, 0));

    [Fact]
    public void A_late_message_that_comes_twice_is_also_doubled() => Assert.Equal((0, 1, 1, 0), Faults(Shown([(0, 1), (0, 0), (0, 0)]), 2, 0));

    [Fact]
    public void Two_receivers_in_different_order_make_one_of_them_disordered()
    {
        var order = new OrderCheck(2);
        order.TakeRank(0);
        order.TakeRank(2);
        order.TakeRank(1);
        order.TakeRank(3);

        Assert.Equal(1, order.Disordered);
    }

    [Fact]
    public void A_seq_that_does_not_follow_the_one_before_is_a_hole()
    {
        var order = new OrderCheck(1);
        order.TakeSeq(5, 4);
        order.TakeSeq(8, 5);
        Assert.Equal(0, order.Holes);

        order.TakeSeq(11, 10);
        Assert.Equal(1, order.Holes);
    }

    [Theory]
    [InlineData(7)]
    [InlineData(6)]
    public void A_seq_that_does_not_rise_is_a_hole(long second)
    {
        var order = new OrderCheck(1);
        order.TakeSeq(7, -1);
        order.TakeSeq(second, -1);

        Assert.Equal(1, order.Holes);
    }

    [Fact]
    public void A_chunk_that_is_left_out_is_a_hole_and_the_next_answer_begins_anew()
    {
        var order = new OrderCheck(1);
        order.TakeChunk(0);
        order.TakeChunk(2);
        order.EndChunks();
        order.TakeChunk(0);

        Assert.Equal(1, order.Holes);
    }

    [Fact]
    public void What_a_list_may_leave_out_is_not_lost()
    {
        var order = new OrderCheck(2);

        Assert.Equal(0, order.PassOver(0));
        Assert.True(order.Take(0, 1));
        Assert.Equal((0, 0, 0, 0), Faults(order, 2, 0));
    }

    private static OrderCheck Shown(IEnumerable<(int Sender, int Index)> messages)
    {
        var order = new OrderCheck(2);
        foreach (var (sender, index) in messages)
        {
            order.Take(sender, index);
        }
        return order;
    }

    /// <param name="first">Messages that sender 0 has sent, <paramref name="second"/> those of sender 1.</param>
    private static (long Lost, long Doubled, long Disordered, long Holes) Faults(OrderCheck order, int first, int second) =>
        (order.Lost(0, first, (_, _) => true) + order.Lost(1, second, (_, _) => true), order.Doubled, order.Disordered, order.Holes);
}
