using Chat.Bench.Load;

namespace Chat.Tests.Bench;

/// <summary>What a message of the load generator carries, and when it is due.</summary>
public sealed class StampTests
{
    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(12_345, 9_876_543, 1_234_567_890_123)]
    [InlineData(0xf_ffff, Stamp.Probe, long.MaxValue)]
    public void A_stamp_is_read_as_it_was_written(int sender, int index, long due)
    {
        var stamp = new Stamp(sender, index, due);
        var text = new byte[Stamp.Length];
        stamp.Write(text, Stamp.NewMarker());

        Assert.True(Stamp.TryRead(text.AsSpan(Stamp.MarkerLength), out var read));
        Assert.Equal(stamp, read);
        Assert.All(text, letter => Assert.True(char.IsAsciiLetter((char)letter)));
    }

    [Fact]
    public void What_is_cut_off_or_not_of_letters_is_no_stamp()
    {
        var text = new byte[Stamp.Length];
        new Stamp(1, 2, 3).Write(text, Stamp.NewMarker());

        Assert.False(Stamp.TryRead(text.AsSpan(Stamp.MarkerLength + 1), out _));
        text[Stamp.MarkerLength] = (byte)'"';
        Assert.False(Stamp.TryRead(text.AsSpan(Stamp.MarkerLength), out _));
    }

    [Fact]
    public void A_ramp_brings_half_of_what_the_rate_would_and_then_the_rate()
    {
        var rhythm = new Rhythm(100, TimeSpan.FromSeconds(4));
        var dues = Enumerable.Range(0, 400).Select(number => rhythm.Due(number) / (double)System.Diagnostics.Stopwatch.Frequency).ToList();

        Assert.Equal(0, dues[0]);
        Assert.Equal(4, dues[200], 6);
        Assert.Equal(2, dues[50], 6);
        Assert.Equal(5, dues[300], 6);
        Assert.Equal(dues.Order(), dues);
    }
}
