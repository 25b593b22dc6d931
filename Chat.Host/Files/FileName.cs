using System.Globalization;
using System.Text;
using Chat.Protocol;

namespace Chat.Host.Files;

/// <summary>What people call a file. It is shown and suggested to whoever saves the file, and never leads to one here.</summary>
internal static class FileName
{
    public const int Limit = 255;

    /// <summary>
    /// The last segment of what was sent (some browsers send a path), without control characters and those that turn the direction of text around; null where
    /// nothing is left.
    /// </summary>
    /// <exception cref="FieldException" />
    public static string? Read(string? sent)
    {
        var name = (sent ?? "").AsSpan();
        name = name[(name.LastIndexOfAny('/', '\\') + 1)..];
        if (Limits.CountScalars(name) < 0)
        {
            throw new FieldException("The file's name holds U+0000 or half of a surrogate pair");
        }
        var kept = new StringBuilder(name.Length);
        foreach (var rune in name.EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator) && !TurnsText(rune))
            {
                kept.Append(rune);
            }
        }
        var clean = kept.ToString().Trim();
        if (Limits.CheckText("The file's name", clean, Limit) is { } bad)
        {
            throw new FieldException(bad.Text, bad.Code);
        }
        return clean is "" or "." or ".." ? null : clean;
    }

    public static string Default(string type) => "file" + MediaType.Extensions(type)[0];

    /// <summary>
    /// What a saved file is called: with an extension of its type, so that what a browser is told to save as <c>report.html</c> or <c>setup.bat</c> does not run when it is opened.
    /// </summary>
    public static string ToSave(string name, string type)
    {
        var extensions = MediaType.Extensions(type);
        return extensions.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase) ? name : name + extensions[0];
    }

    /// <summary>Unicode's Bidi_Control: a name must not read as another one than it is.</summary>
    private static bool TurnsText(Rune rune) => rune.Value is 0x061c or 0x200e or 0x200f or (>= 0x202a and <= 0x202e) or (>= 0x2066 and <= 0x2069);
}
