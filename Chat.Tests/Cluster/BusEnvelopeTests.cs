using System.Text;
using Chat.Actors.Cluster;
using Chat.Tests.Support;

namespace Chat.Tests.Cluster;

public sealed class BusEnvelopeTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private readonly ManualTime _time = new();
    private readonly BusEnvelope _a;
    private readonly BusEnvelope _b;

    public BusEnvelopeTests()
    {
        _a = new BusEnvelope(Key, "a", _time);
        _b = new BusEnvelope(Key, "b", _time);
    }

    [Fact]
    public void What_one_node_seals_another_opens()
    {
        Assert.True(_b.TryOpen("t", _a.Seal("t", "안녕"u8), out var message));
        Assert.Equal(("a", "안녕"), (message.Node, Encoding.UTF8.GetString(message.Content.Span)));
        Assert.True(_b.TryOpen("t", _a.Seal("t", []), out var empty));
        Assert.True(empty.Content.IsEmpty);
    }

    [Fact]
    public void A_node_does_not_open_its_own() => Assert.False(_a.TryOpen("t", _a.Seal("t", "x"u8), out _));

    [Fact]
    public void No_byte_can_be_changed_and_none_left_out()
    {
        var good = _a.Seal("t", "hello"u8);
        for (var i = 0; i < good.Length; i++)
        {
            byte[] bad = [.. good];
            bad[i] ^= 1;
            Assert.False(_b.TryOpen("t", bad, out _));
            Assert.False(_b.TryOpen("t", good.AsMemory(0, i), out _));
        }
        Assert.False(_b.TryOpen("t", (byte[])[.. good, 0], out _));
    }

    [Fact]
    public void Neither_another_topic_nor_another_key_opens_it()
    {
        var good = _a.Seal("t", "x"u8);
        Assert.False(_b.TryOpen("u", good, out _));
        Assert.False(new BusEnvelope([.. Key.Reverse()], "b", _time).TryOpen("t", good, out _));
    }

    [Theory]
    [InlineData(59, true)]
    [InlineData(61, false)]
    public void It_is_good_for_a_minute(int seconds, bool good)
    {
        var message = _a.Seal("t", "x"u8);
        _time.Advance(TimeSpan.FromSeconds(seconds));
        Assert.Equal(good, _b.TryOpen("t", message, out _));
    }

    [Fact]
    public void Numbers_rise_while_the_clock_stands()
    {
        var numbers = Enumerable.Range(0, 100).Select(_ => _b.TryOpen("t", _a.Seal("t", "x"u8), out var message) ? message.Number : 0).ToList();
        Assert.Equal(numbers.Distinct().Order(), numbers);
    }

    [Fact]
    public void A_message_that_comes_again_is_not_new_and_one_of_another_node_or_topic_is()
    {
        var guard = new ReplayGuard(_time);
        Assert.True(guard.IsNew("t", Message("a", 5)));
        Assert.False(guard.IsNew("t", Message("a", 5)));
        Assert.False(guard.IsNew("t", Message("a", 4)));
        Assert.True(guard.IsNew("t", Message("b", 4)));
        Assert.True(guard.IsNew("u", Message("a", 4)));
        Assert.True(guard.IsNew("t", Message("a", 6)));
    }

    [Fact]
    public void While_an_envelope_is_good_the_guard_does_not_forget_it()
    {
        var guard = new ReplayGuard(_time);
        var now = _time.GetUtcNow().UtcTicks;
        Assert.True(guard.IsNew("t", Message("a", now)));
        for (var i = 0; i < 5_000; i++)
        {
            guard.IsNew($"other-{i}", Message("a", now));
        }
        Assert.False(guard.IsNew("t", Message("a", now)));
    }

    private static BusMessage Message(string node, long number) => new(node, number, default);
}
