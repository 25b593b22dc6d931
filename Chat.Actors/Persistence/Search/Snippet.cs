using System.Globalization;

namespace Chat.Actors.Persistence;

/// <summary>The part of a text in which something was found, as one line. Text, never HTML.</summary>
/// <param name="Parts">Put together they are the line.</param>
public sealed record Snippet(IReadOnlyList<SnippetPart> Parts)
{
    /// <summary>UTF-16 units before the first hit, and of the whole line; some more where it would end within a character or the first hit.</summary>
    private const int Before = 40, Longest = 200;

    /// <summary>Units of a character with its marks that are kept together: more than any family of emoji has.</summary>
    private const int LongestCharacter = 32;

    private const string Ellipsis = "…";

    public string Text => string.Concat(Parts.Select(part => part.Text));

    /// <param name="shown">A text as <see cref="SearchText.Shown"/> gives it.</param>
    /// <param name="folded">The same, folded.</param>
    /// <param name="query">Folded.</param>
    /// <param name="hit">Where the first hit begins.</param>
    internal static Snippet Of(string shown, ReadOnlySpan<char> folded, ReadOnlySpan<char> query, int hit)
    {
        var start = Math.Min(hit, NextBoundary(shown, hit - Before));
        var end = Math.Max(hit + query.Length, NextBoundary(shown, start + Longest));
        var parts = new List<SnippetPart>();
        var plain = start > 0 ? Ellipsis : "";
        while (hit >= 0)
        {
            Add(parts, plain + shown[start..hit], isHit: false);
            start = hit + query.Length;
            Add(parts, shown[hit..start], isHit: true);
            plain = "";
            var next = folded[start..end].IndexOf(query, StringComparison.Ordinal);
            hit = next < 0 ? -1 : start + next;
        }
        Add(parts, shown[start..end] + (end < shown.Length ? Ellipsis : ""), isHit: false);
        return new Snippet(parts);
    }

    private static void Add(List<SnippetPart> parts, string text, bool isHit)
    {
        if (text.Length > 0)
        {
            parts.Add(new SnippetPart(text, isHit));
        }
    }

    /// <summary>The first place from there on that is not within what a reader sees as one character.</summary>
    private static int NextBoundary(string text, int place)
    {
        if (place <= 0 || place >= text.Length)
        {
            return Math.Clamp(place, 0, text.Length);
        }
        var at = WholePairs(text, Math.Max(0, place - LongestCharacter));
        while (at < place)
        {
            at += StringInfo.GetNextTextElementLength(text.AsSpan(at));
        }
        return at <= place + LongestCharacter ? at : WholePairs(text, place);
    }

    private static int WholePairs(string text, int place) => place > 0 && char.IsSurrogatePair(text[place - 1], text[place]) ? place - 1 : place;
}

/// <param name="IsHit">Whether it is what was searched for.</param>
public sealed record SnippetPart(string Text, bool IsHit);
