using Chat.Actors.Persistence;

namespace Chat.Tests.Persistence;

public sealed class SnippetTests
{
    [Theory]
    [InlineData("say hello, Hello", "hello", "say |hello|, |Hello|")]
    [InlineData("hello", "HELLO", "|hello|")]
    [InlineData("<b>aa</b>aaa", "aa", "<b>|aa|</b>|aa|a")]
    [InlineData("안녕하세요", "녕하", "안|녕하|세요")]
    [InlineData("cafe\u0301\n\n\tbar", "é b", "caf|é b|ar")]
    [InlineData("ＡＢＣ", "bc", "Ａ|ＢＣ|")]
    public void The_hits_are_marked(string text, string query, string expected) => Assert.Equal(expected, Marked(text, query));

    [Fact]
    public void A_long_text_is_cut_around_the_first_hit()
    {
        var text = string.Concat(Enumerable.Range(0, 2_000).Select(i => $"{i:D4} "));

        var snippet = Of(text, "1000")!;

        Assert.Equal("…0992 0993 0994 0995 0996 0997 0998 0999 ", snippet.Parts[0].Text);
        Assert.Equal(new SnippetPart("1000", IsHit: true), snippet.Parts[1]);
        Assert.EndsWith("…", snippet.Text, StringComparison.Ordinal);
        Assert.Equal(202, snippet.Text.Length);
    }

    [Fact]
    public void Nothing_is_cut_within_a_character()
    {
        const string Family = "👨‍👩‍👧";
        for (var before = 0; before < 60; before++)
        {
            var text = new string('.', before) + string.Concat(Enumerable.Repeat(Family, 40)) + "needle" + string.Concat(Enumerable.Repeat(Family, 40));
            var plain = Of(text, "needle")!.Parts.Where(part => !part.IsHit).Select(part => part.Text.Trim('…', '.'));
            Assert.All(plain, part => Assert.Equal("", part.Replace(Family, "", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void A_character_without_end_does_not_make_a_snippet_without_end()
    {
        var text = "a" + new string('\u0301', 5_000) + " needle " + "b" + new string('\u0301', 5_000);
        Assert.InRange(Of(text, "needle")!.Text.Length, 100, 300);
    }

    [Fact]
    public void A_hit_is_whole_however_long() => Assert.Equal(300, Of(new string('x', 10_000), new string('x', 300))!.Parts[0].Text.Length);

    private static string Marked(string text, string query) => string.Concat(Of(text, query)!.Parts.Select(part => part.IsHit ? $"|{part.Text}|" : part.Text));

    private static Snippet? Of(string text, string query)
    {
        var (shown, folded) = (SearchText.Shown(text), SearchText.Fold(text));
        query = SearchText.Fold(query);
        return Snippet.Of(shown, folded, query, folded.IndexOf(query, StringComparison.Ordinal));
    }
}
