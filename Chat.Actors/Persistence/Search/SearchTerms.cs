using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Chat.Actors.Persistence;

/// <summary>
/// What a message is found by: its distinct bigrams, each two neighbouring UTF-16 units of the folded text in one number, and marks for its session and for its place
/// in the log. Both databases index these. What they find is looked at once more, so that terms may be ambiguous, but never missing. What changes them, here or in
/// <see cref="SearchText"/>, needs a migration that refills the read model.
/// </summary>
internal static class SearchTerms
{
    /// <summary>Of a query: more make it slower and hardly narrower.</summary>
    public const int MostOfQuery = 24;

    /// <summary>8,192 orderings share a block's mark.</summary>
    public const int BlockBits = 13;

    /// <summary>Ends the terms of a file's name, which an edit leaves as they are.</summary>
    public static readonly int EndOfName = Mark(MarkKind.EndOfName, 0);

    /// <summary>No text has these pairs: half of a surrogate pair, and then no other half.</summary>
    private enum MarkKind
    {
        Session,
        Block,
        EndOfName,
    }

    /// <summary>The session's mark and the block's, then the file's name where there is one, then the content.</summary>
    public static int[] OfMessage(string session, long ordering, string content, string? fileName)
    {
        int[] marks = [OfSession(session), OfBlock(ordering >> BlockBits)];
        return fileName is null ? [.. marks, .. OfText(content)] : [.. marks, .. OfText(fileName), EndOfName, .. OfText(content)];
    }

    public static int[] OfText(string text)
    {
        var normal = SearchText.Normal(text);
        var folded = ArrayPool<char>.Shared.Rent(normal.Length);
        var bigrams = ArrayPool<int>.Shared.Rent(normal.Length);
        try
        {
            var span = bigrams.AsSpan(0, Fill(folded.AsSpan(0, SearchText.Fold(normal, folded)), bigrams));
            span.Sort();
            var count = 0;
            foreach (var bigram in span)
            {
                if (count == 0 || span[count - 1] != bigram)
                {
                    span[count++] = bigram;
                }
            }
            return span[..count].ToArray();
        }
        finally
        {
            ArrayPool<char>.Shared.Return(folded);
            ArrayPool<int>.Shared.Return(bigrams);
        }
    }

    /// <summary>At most <see cref="MostOfQuery"/> of its bigrams, from all its parts.</summary>
    public static int[] OfQuery(string folded)
    {
        var all = new int[folded.Length];
        all = [.. all.Take(Fill(folded, all)).Distinct()];
        return all.Length <= MostOfQuery ? all : [.. Enumerable.Range(0, MostOfQuery).Select(i => all[i * all.Length / MostOfQuery])];
    }

    /// <summary>Sessions may share one: they are told apart when what was found is looked at.</summary>
    public static int OfSession(string session)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(session), hash);
        return Mark(MarkKind.Session, BinaryPrimitives.ReadUInt16LittleEndian(hash) << 8 | hash[2]);
    }

    /// <param name="block">An ordering without its last <see cref="BlockBits"/> bits. After 2^37 orderings the marks begin again.</param>
    public static int OfBlock(long block) => Mark(MarkKind.Block, (int)(block & 0xFFFFFF));

    /// <summary>
    /// For a tokenizer to whom ASCII letters and digits and all beyond ASCII are parts of a word: any other unit is written as one of a private area. Marks of blocks are
    /// left out, since rows are kept in their order there.
    /// </summary>
    public static string ToText(ReadOnlySpan<int> terms)
    {
        var text = new StringBuilder(terms.Length * 4);
        foreach (var term in terms)
        {
            if (!IsMark(term))
            {
                AppendUnit(text.Append(' '), (char)(term >>> 16));
                AppendUnit(text, (char)term);
            }
            else if (KindOf(term) == MarkKind.Session)
            {
                text.Append(" s").Append(term.ToString("x8", CultureInfo.InvariantCulture));
            }
        }
        return text.ToString();
    }

    private static int Fill(ReadOnlySpan<char> folded, Span<int> bigrams)
    {
        for (var i = 1; i < folded.Length; i++)
        {
            bigrams[i - 1] = folded[i - 1] << 16 | folded[i];
        }
        return Math.Max(0, folded.Length - 1);
    }

    /// <param name="value">24 bits.</param>
    private static int Mark(MarkKind kind, int value) => (0xD800 | value >> 14) << 16 | (int)kind << 14 | value & 0x3FFF;

    private static bool IsMark(int term) => char.IsHighSurrogate((char)(term >>> 16)) && (char)term < 0xC000;

    private static MarkKind KindOf(int mark) => (MarkKind)(mark >> 14 & 3);

    private static void AppendUnit(StringBuilder text, char unit)
    {
        if (char.IsSurrogate(unit))
        {
            // Half a pair is no character: one of a plane that has none of its own.
            text.Append(char.ConvertFromUtf32(0xF0000 + (unit - 0xD800)));
        }
        else
        {
            text.Append(char.IsAsciiLetterOrDigit(unit) || unit > 0x7F ? unit : (char)(0xE000 + unit));
        }
    }
}
