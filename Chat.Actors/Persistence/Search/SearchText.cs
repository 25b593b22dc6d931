using System.Text;
using Chat.Protocol;

namespace Chat.Actors.Persistence;

/// <summary>
/// The form in which texts and queries are compared: NFC, without case, every run of white space one space, full-width ASCII as ASCII. Nothing else is taken as
/// equal, so that every substring of a text is found by itself.
/// </summary>
internal static class SearchText
{
    private static readonly char[] Folds = MakeFolds();

    /// <summary>What a snippet shows: NFC and single spaces, but with its case. A place in it is the same place in the folded text.</summary>
    public static string Shown(string text)
    {
        var normal = Normal(text);
        return string.Create(LengthOf(normal), normal, (span, normal) => Copy(normal, span, folds: false));
    }

    public static string Fold(string text)
    {
        var normal = Normal(text);
        return string.Create(LengthOf(normal), normal, (span, normal) => Copy(normal, span, folds: true));
    }

    /// <summary>A span into which <see cref="Fold(string, Span{char})"/> fits.</summary>
    public static string Normal(string text)
    {
        foreach (var c in text)
        {
            // Below U+0300 and among Hangul syllables nothing is composed or reordered; conjoining jamo that would follow one are not among them.
            if (c >= 0x300 && c is < '\uAC00' or > '\uD7A3')
            {
                // Normalisation throws at these: halves of surrogate pairs, which every face refuses but a log may have, and U+FFFE, which none refuses.
                var whole = (Limits.CountScalars(text) < 0 ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) : text).Replace('\uFFFE', '\uFFFD');
                return whole.IsNormalized() ? whole : whole.Normalize();
            }
        }
        return text;
    }

    /// <param name="normal">From <see cref="Normal"/>.</param>
    /// <returns>Units written.</returns>
    public static int Fold(string normal, Span<char> folded) => Copy(normal, folded, folds: true);

    private static int LengthOf(string normal)
    {
        var spaces = 0;
        for (var i = 1; i < normal.Length; i++)
        {
            spaces += IsSpace(normal[i]) && IsSpace(normal[i - 1]) ? 1 : 0;
        }
        return normal.Length - spaces;
    }

    private static int Copy(string normal, Span<char> into, bool folds)
    {
        var (length, afterSpace) = (0, false);
        foreach (var c in normal)
        {
            var folded = Folds[c];
            var isSpace = folded == ' ';
            if (!isSpace || !afterSpace)
            {
                into[length++] = folds || isSpace ? folded : c;
            }
            afterSpace = isSpace;
        }
        return length;
    }

    private static bool IsSpace(char c) => Folds[c] == ' ';

    /// <summary>
    /// Up and down again, which takes final and other sigmas, long and other s for the same letter. Unit for unit, so that a place stays a place: letters outside the
    /// Basic Multilingual Plane keep their case.
    /// </summary>
    private static char[] MakeFolds()
    {
        var folds = new char[char.MaxValue + 1];
        for (var i = 0; i < folds.Length; i++)
        {
            var c = (char)i;
            var ascii = c is >= '\uFF01' and <= '\uFF5E' ? (char)(c - 0xFEE0) : c;
            folds[i] = char.IsWhiteSpace(c) ? ' ' : char.ToLowerInvariant(char.ToUpperInvariant(ascii));
        }
        return folds;
    }
}
