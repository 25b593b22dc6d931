using Chat.Actors.Persistence;
using Chat.Protocol;

namespace Chat.Tests.Persistence;

public sealed class HistoryCursorTests
{
    [Theory]
    [InlineData("0", 0L)]
    [InlineData("17", 17L)]
    [InlineData("9223372036854775807", long.MaxValue)]
    public void Digits_are_a_seq(string text, long seq)
    {
        Assert.True(HistoryCursor.TryParse(text, out var cursor));
        Assert.Equal(HistoryCursor.At(seq), cursor);
    }

    [Theory]
    [InlineData("2025-10-29T10:30:00Z", "2025-10-29T10:30:00.000Z")]
    [InlineData("2025-10-29T10:30:00.123Z", "2025-10-29T10:30:00.123Z")]
    [InlineData("2025-10-29T10:30:00.123456+09:00", "2025-10-29T01:30:00.123Z")]
    [InlineData("2025-10-29T10:30:00", "2025-10-29T10:30:00.000Z")]
    [InlineData("2025-10-29 10:30:00", "2025-10-29T10:30:00.000Z")]
    [InlineData("2025-10-29T10:30Z", "2025-10-29T10:30:00.000Z")]
    [InlineData("2025-10-29", "2025-10-29T00:00:00.000Z")]
    public void ISO_8601_is_a_time_and_of_UTC_where_it_does_not_say(string text, string time)
    {
        Assert.True(HistoryCursor.TryParse(text, out var cursor));
        Assert.Equal(time, cursor.Time?.ToWire());
    }

    [Theory]
    [InlineData("msg_0AbC")]
    [InlineData("2025-13-29T10:30:00Z")]
    [InlineData("-1")]
    [InlineData("１２")]
    public void Everything_else_is_a_message_id(string text)
    {
        Assert.True(HistoryCursor.TryParse(text, out var cursor));
        Assert.Equal(HistoryCursor.At(new MessageId(text)), cursor);
    }

    [Fact]
    public void What_no_message_can_have_as_its_id_is_no_cursor()
    {
        string?[] none = [null, "", "99999999999999999999", "a\0b", new string('x', 101)];
        Assert.All(none, text => Assert.False(HistoryCursor.TryParse(text, out _)));
    }
}
