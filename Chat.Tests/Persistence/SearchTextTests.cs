using Chat.Actors.Persistence;

namespace Chat.Tests.Persistence;

public sealed class SearchTextTests
{
    [Theory]
    [InlineData("Hello WORLD", "hello world")]
    [InlineData("cafe\u0301", "caf\u00e9")]
    [InlineData("\u1112\u1161\u11ab\u1100\u1173\u11af", "한글")]
    [InlineData("a \t\r\n\u00a0\u3000b", "a b")]
    [InlineData(" a  ", " a ")]
    [InlineData("ＡＢＣ１２３！", "abc123!")]
    [InlineData("ΛΌΓΟΣ λόγος", "λόγοσ λόγοσ")]
    [InlineData("ㅋㅋ ㅎㅏ", "ㅋㅋ ㅎㅏ")]
    [InlineData("① ½ ﬁ ß İ ı", "① ½ ﬁ ß İ ı")]
    [InlineData("\U00010400 👍🏽", "\U00010400 👍🏽")]
    [InlineData("a\0B", "a\0b")]
    [InlineData("", "")]
    public void A_text_is_folded(string text, string folded) => Assert.Equal(folded, SearchText.Fold(text));

    [Fact]
    public void What_is_no_character_is_one_that_says_so() => Assert.Equal("a\ufffdb\ufffd\ufffd", SearchText.Fold("a\ud800b\udc00\ufffe"));

    [Theory]
    [InlineData("Cafe\u0301\n\nＡＢＣ", "Caf\u00e9 ＡＢＣ")]
    [InlineData("plain", "plain")]
    public void What_is_shown_keeps_its_letters(string text, string shown) => Assert.Equal(shown, SearchText.Shown(text));

    [Fact]
    public void Every_character_has_its_place_in_both_forms()
    {
        for (var scalar = 0; scalar <= 0x10FFFF; scalar++)
        {
            if (scalar is < 0xD800 or > 0xDFFF)
            {
                var text = $"a{char.ConvertFromUtf32(scalar)}b";
                var folded = SearchText.Fold(text);
                Assert.Equal(SearchText.Shown(text).Length, folded.Length);
                Assert.Equal(folded, SearchText.Fold(folded));
            }
        }
    }
}
