using System.Globalization;

namespace Chat.Actors.Persistence;

/// <summary>A client's JSON on its way into a column that others query by hand.</summary>
internal static class JsonText
{
    /// <summary>The text for the JSON column, null where JSONB would refuse it, and the text as the client wrote it, which is what is read back.</summary>
    public static (JsonArgument? Column, string? Raw) Columns(string? json) =>
        (json is null || !FitsJsonb(json) ? null : new JsonArgument(json), json);

    /// <summary>
    /// JSONB takes no U+0000 and no half of a surrogate pair, which JSON may escape, and no number beyond its numeric type; it also writes
    /// <c>1e9999</c> out in full whenever it is read. A message must not be lost from history for that.
    /// </summary>
    internal static bool FitsJsonb(ReadOnlySpan<char> json)
    {
        var inString = false;
        for (var i = 0; i < json.Length; i++)
        {
            switch (json[i])
            {
                case '"':
                    inString = !inString;
                    break;
                case 'e' or 'E' when !inString && HasLongExponent(json[(i + 1)..]):
                    return false;
                case '\\' when json[i + 1] != 'u':
                    i++;
                    break;
                case '\\':
                    var unit = Unit(json[i..]);
                    i += 5;
                    if (unit == 0 || char.IsLowSurrogate((char)unit))
                    {
                        return false;
                    }
                    if (char.IsHighSurrogate((char)unit))
                    {
                        if (!char.IsLowSurrogate((char)Unit(json[(i + 1)..])))
                        {
                            return false;
                        }
                        i += 6;
                    }
                    break;
            }
        }
        return true;
    }

    /// <summary>The unit that <c>\uXXXX</c> at the start escapes, or -1.</summary>
    private static int Unit(ReadOnlySpan<char> text) =>
        text.StartsWith(@"\u") && text.Length >= 6 && ushort.TryParse(text[2..6], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit) ? unit : -1;

    /// <summary>The words true and false have an e too, but no digits after it.</summary>
    private static bool HasLongExponent(ReadOnlySpan<char> text)
    {
        var digits = text.TrimStart("+-");
        var length = digits.IndexOfAnyExceptInRange('0', '9');
        return (length < 0 ? digits.Length : length) > 2;
    }
}
