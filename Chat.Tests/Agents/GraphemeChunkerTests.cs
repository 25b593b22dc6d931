using System.Globalization;
using Chat.Actors.Agents;
using FsCheck;
using FsCheck.Fluent;

namespace Chat.Tests.Agents;

public class GraphemeChunkerTests
{
    private static readonly string[] Fragments =
    [
        "a", "Z", " ", "\r\n", "\r", "\n", "é", "e\u0301", "\u0301", "\u200d", "한", "글", "\u1112", "\u1161", "\u11ab", "👍", "👍🏽", "🏽", "👨‍👩‍👧‍👦", "❤\ufe0f",
        "🇰🇷", "🇰", "क्षि", "\u0e33", "ก", "\u0600", "𝒳", "z\u0334\u0335\u0336\u0337", "\u200b", "🏴\U000e0067\U000e0062\U000e007f",
    ];

    /// <summary>A text, and where it is cut into tokens (also in the middle of a surrogate pair).</summary>
    private static readonly Arbitrary<(string Text, int[] Cuts, int Size)> Inputs = (
        from parts in Gen.Elements(Fragments).ArrayOf()
        from cuts in Gen.Choose(0, 400).ArrayOf()
        from size in Gen.Choose(1, 12)
        select (string.Concat(parts), cuts, size)).ToArbitrary();

    private static readonly Config Runs = Config.QuickThrowOnFailure.WithMaxTest(2_000);

    [Fact]
    public void Chunks_are_the_text_in_whole_graphemes_however_it_was_cut_into_tokens() =>
        Check.One(Runs, Prop.ForAll(Inputs, input =>
        {
            var (text, cuts, size) = input;
            var chunks = Chunks(Tokens(text, cuts), size);
            var whole = StringInfo.ParseCombiningCharacters(text).Length;
            return string.Concat(chunks) == text
                && chunks.SkipLast(1).All(chunk => new StringInfo(chunk).LengthInTextElements == size)
                && chunks.Count == (whole + size - 1) / size
                && IsCutBetweenGraphemes(text, chunks);
        }));

    [Fact]
    public void What_is_shown_early_is_never_taken_back_or_cut() =>
        Check.One(Runs, Prop.ForAll(Inputs, input =>
        {
            var (text, cuts, size) = input;
            var chunker = new GraphemeChunker(size);
            var chunks = new List<string>();
            foreach (var token in Tokens(text, cuts))
            {
                chunker.Add(token);
                Drain(chunker, chunks);
            }
            chunker.Complete();
            Drain(chunker, chunks);
            return string.Concat(chunks) == text
                && chunks.All(chunk => new StringInfo(chunk).LengthInTextElements <= size)
                && IsCutBetweenGraphemes(text, chunks);
        }));

    [Theory]
    [InlineData("👍", "🏽", "👍🏽")]
    [InlineData("👩\u200d", "🚀", "👩‍🚀")]
    [InlineData("\u1112", "\u1161\u11ab", "\u1112\u1161\u11ab")]
    [InlineData("\r", "\n", "\r\n")]
    [InlineData("e", "\u0301", "e\u0301")]
    public void The_last_grapheme_waits_for_what_may_still_join_it(string first, string second, string whole)
    {
        var chunker = new GraphemeChunker(10);
        chunker.Add(first);
        Assert.Equal(0, chunker.Ready);
        chunker.Add(second);
        Assert.Equal(0, chunker.Ready);
        chunker.Add(".");
        Assert.Equal(1, chunker.Ready);
        Assert.Equal(whole, chunker.Take());
    }

    [Fact]
    public void Half_of_a_pair_may_still_become_a_mark_that_joins()
    {
        var chunker = new GraphemeChunker(10);
        foreach (var half in "👍🏽")
        {
            chunker.Add([half]);
            Assert.Equal(0, chunker.Ready);
        }
        chunker.Add("!");
        Assert.Equal("👍🏽", chunker.Take());
    }

    [Fact]
    public void An_endless_grapheme_is_cut_between_scalars()
    {
        var chunker = new GraphemeChunker(10);
        var taken = "";
        var text = "x" + string.Concat(Enumerable.Repeat("\U000e0100", 10_000));
        for (var i = 0; i < text.Length; i++)
        {
            chunker.Add(text.AsSpan(i, 1));
            Assert.True(i + 1 - taken.Length <= 2 * GraphemeChunker.MaxScalars * 11);
            if (chunker.IsFull)
            {
                var chunk = chunker.Take();
                Assert.False(char.IsHighSurrogate(chunk[^1]));
                taken += chunk;
            }
        }
        chunker.Complete();
        Assert.Equal(text, taken + chunker.Take());
    }

    [Fact]
    public void What_no_event_may_hold_is_replaced()
    {
        // Not as InlineData: an attribute cannot carry half of a pair.
        (string Given, string Stored)[] cases =
        [
            ("a\ud83db", "a\ufffdb"),
            ("a\udc4db", "a\ufffdb"),
            ("\udc4d\ud83d", "\ufffd\ufffd"),
            ("\ud83d\ud83d\udc4d", "\ufffd👍"),
            ("a\0b", "a\ufffdb"),
        ];
        foreach (var (given, stored) in cases)
        {
            foreach (var cuts in new int[][] { [], [1], [2], [1, 2] })
            {
                Assert.Equal(stored, string.Concat(Chunks(Tokens(given, cuts), 10)));
            }
        }
    }

    [Fact]
    public void A_chunk_of_decorated_letters_stays_small_enough_for_one_event()
    {
        var letter = "z" + new string('\u0334', 60);
        var chunks = Chunks([string.Concat(Enumerable.Repeat(letter, 1_000))], 1_000);
        Assert.All(chunks, chunk => Assert.InRange(chunk.Length, 1, 5_000));
    }

    private static List<string> Tokens(string text, int[] cuts)
    {
        var tokens = new List<string>();
        var start = 0;
        foreach (var cut in cuts.Where(cut => cut <= text.Length).Order())
        {
            tokens.Add(text[start..cut]);
            start = cut;
        }
        tokens.Add(text[start..]);
        return tokens;
    }

    private static List<string> Chunks(IEnumerable<string> tokens, int size)
    {
        var chunker = new GraphemeChunker(size);
        var chunks = new List<string>();
        foreach (var token in tokens)
        {
            chunker.Add(token);
            while (chunker.IsFull)
            {
                chunks.Add(chunker.Take());
            }
        }
        chunker.Complete();
        Drain(chunker, chunks);
        return chunks;
    }

    private static void Drain(GraphemeChunker chunker, List<string> chunks)
    {
        while (chunker.Ready > 0)
        {
            chunks.Add(chunker.Take());
        }
    }

    private static bool IsCutBetweenGraphemes(string text, List<string> chunks)
    {
        var starts = StringInfo.ParseCombiningCharacters(text).ToHashSet();
        var end = 0;
        return chunks.SkipLast(1).All(chunk => starts.Contains(end += chunk.Length));
    }
}
