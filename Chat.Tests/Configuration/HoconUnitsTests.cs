using Chat.Host.Configuration.Hocon;

namespace Chat.Tests.Configuration;

public sealed class HoconUnitsTests
{
    [Theory]
    [InlineData("30s", 30_000)]
    [InlineData("50ms", 50)]
    [InlineData("5 minutes", 300_000)]
    [InlineData(" 1.5 h ", 5_400_000)]
    [InlineData("1d", 86_400_000)]
    [InlineData("2 seconds", 2_000)]
    [InlineData("7000 us", 7)]
    [InlineData("8000000 nanos", 8)]
    [InlineData("0", 0)]
    [InlineData("-1s", -1_000)]
    public void A_duration_is_a_number_with_a_unit(string text, long milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), HoconUnits.Duration(text, null));

    [Theory]
    [InlineData("")]
    [InlineData("30")]
    [InlineData("s")]
    [InlineData("30 S")]
    [InlineData("30 fortnights")]
    [InlineData("1s 2s")]
    [InlineData("1,5s")]
    [InlineData("1 ns")]
    [InlineData("99999999999999d")]
    [InlineData("99999999999999999999999999999999s")]
    public void Anything_else_is_no_duration(string text) => Assert.Null(HoconUnits.Duration(text, null));

    [Fact]
    public void A_bare_number_counts_the_unit_it_is_given() =>
        Assert.Equal(TimeSpan.FromSeconds(30), HoconUnits.Duration("30", TimeSpan.FromSeconds(1)));

    [Theory]
    [InlineData("65536", 65_536)]
    [InlineData("64KiB", 65_536)]
    [InlineData("64 K", 65_536)]
    [InlineData("1MB", 1_000_000)]
    [InlineData("1.5 kB", 1_500)]
    [InlineData("2 mebibytes", 2_097_152)]
    [InlineData("7 B", 7)]
    [InlineData("1EB", 1_000_000_000_000_000_000)]
    public void A_size_is_bytes_or_a_number_with_a_unit(string text, long bytes) => Assert.Equal(bytes, HoconUnits.Size(text));

    [Theory]
    [InlineData("")]
    [InlineData("64KB")]
    [InlineData("64 kb")]
    [InlineData("1.5")]
    [InlineData("9EiB")]
    [InlineData("1ZB")]
    [InlineData("KiB")]
    public void Anything_else_is_no_size(string text) => Assert.Null(HoconUnits.Size(text));
}
