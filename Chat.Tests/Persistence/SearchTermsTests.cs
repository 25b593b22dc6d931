using System.Text;
using Chat.Actors.Persistence;
using FsCheck;
using FsCheck.Fluent;

namespace Chat.Tests.Persistence;

public sealed class SearchTermsTests
{
    private static readonly Config Many = Config.QuickThrowOnFailure.WithMaxTest(2_000);

    /// <summary>Letters that repeat, with everything that is folded or takes two units.</summary>
    private static readonly string[] Pieces =
    [
        "a", "B", "ab", " ", "\n\t", "\u3000", "가", "나다", "ㅋㅋ", "é", "e\u0301", "\u1112\u1161\u11ab", "👍", "👍🏽", "👨‍👩‍👧", "\"", "'", "*", "%", "_", "(", "\0", "\ud800", "\udc00", "Ａ", "Σ",
    ];

    private static readonly Arbitrary<string> Texts =
        Gen.OneOf(Gen.Elements(Pieces).ArrayOf().Select(string.Concat), ArbMap.Default.GeneratorFor<string>().Select(text => text ?? "")).ToArbitrary();

    [Fact]
    public void Every_substring_has_only_bigrams_that_its_text_has() =>
        Prop.ForAll(Texts, Gen.Choose(0, int.MaxValue).Two().ToArbitrary(), (text, cut) =>
        {
            // Of the normalised text: half of a composed letter is another letter.
            var runes = SearchText.Shown(text).EnumerateRunes().ToArray();
            var from = cut.Item1 % (runes.Length + 1);
            var query = string.Concat(runes.Skip(from).Take(cut.Item2 % (runes.Length - from + 1)));
            return SearchTerms.OfQuery(SearchText.Fold(query)).All(SearchTerms.OfText(text).Contains)
                && SearchText.Fold(text).Contains(SearchText.Fold(query), StringComparison.Ordinal);
        }).Check(Many);

    [Fact]
    public void Two_characters_have_a_bigram_at_least() =>
        Prop.ForAll(Texts, text => SearchTerms.OfQuery(SearchText.Fold(text)).Length > 0 || SearchText.Fold(text).Length < 2).Check(Many);

    [Fact]
    public void Terms_are_distinct_and_none_of_a_text_is_taken_for_a_mark() =>
        Prop.ForAll(Texts, text =>
        {
            var terms = SearchTerms.OfMessage("s", 5, text, fileName: null);
            var words = Words(terms);
            return terms.Distinct().Count() == terms.Length && words.Length == terms.Length - 1 && words.Distinct(StringComparer.Ordinal).Count() == words.Length;
        }).Check(Many);

    [Fact]
    public void As_text_each_term_is_one_word_of_the_tokenizer() =>
        Prop.ForAll(Texts, text => Words(SearchTerms.OfText(text)).All(word =>
            word.EnumerateRunes().Count() == 2 && word.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c > '\u007f') && Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(word)) == word)).Check(Many);

    [Fact]
    public void A_message_has_the_marks_of_its_session_and_block_first()
    {
        var terms = SearchTerms.OfMessage("sess_1", (7L << SearchTerms.BlockBits) + 3, "abc", "x.y");

        Assert.Equal([SearchTerms.OfSession("sess_1"), SearchTerms.OfBlock(7), .. SearchTerms.OfText("x.y"), SearchTerms.EndOfName, .. SearchTerms.OfText("abc")], terms);
        Assert.Equal(terms.Length, terms.Distinct().Count());
        Assert.NotEqual(SearchTerms.OfSession("sess_1"), SearchTerms.OfSession("sess_2"));
    }

    [Fact]
    public void A_long_query_gives_terms_from_all_its_parts()
    {
        var query = string.Concat(Enumerable.Range(0, 100).Select(i => (char)('가' + i)));

        var terms = SearchTerms.OfQuery(query);

        Assert.Equal(SearchTerms.MostOfQuery, terms.Length);
        Assert.Equal(('가' << 16) | '각', terms[0]);
        Assert.True((terms[^1] >>> 16) > '가' + 90);
    }

    [Fact]
    public void The_same_session_has_the_same_mark_in_every_version() =>
        Assert.Equal(unchecked((int)0xDAD82DE1), SearchTerms.OfSession("sess_0190f5d0a2b47c3e8d1a2b"));

    private static string[] Words(int[] terms) => SearchTerms.ToText(terms).Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
