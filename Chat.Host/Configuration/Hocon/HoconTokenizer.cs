using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Chat.Host.Configuration.Hocon;

/// <summary>Cuts a HOCON text into tokens, one at each call.</summary>
/// <param name="fail">Makes the exception for a mistake at a line; the parser knows the key.</param>
internal sealed class HoconTokenizer(string text, Func<int, string, HoconException> fail)
{
    private static readonly SearchValues<char> Reserved = SearchValues.Create("$\"{}[]:=,+#`^?!@*&\\");
    private int _at;
    private int _line = 1;

    private char Current => Ahead(0);

    public HoconToken Read()
    {
        SkipComment();
        if (_at >= text.Length) return new HoconToken(HoconTokenKind.End, "", _line);
        if (IsSpace(Current)) return ReadSpace();
        return Current switch
        {
            '\n' => Mark(HoconTokenKind.Newline) with { Line = _line++ },
            ',' => Mark(HoconTokenKind.Comma),
            '{' => Mark(HoconTokenKind.ObjectStart),
            '}' => Mark(HoconTokenKind.ObjectEnd),
            '[' => Mark(HoconTokenKind.ListStart),
            ']' => Mark(HoconTokenKind.ListEnd),
            ':' or '=' => Mark(HoconTokenKind.Assign),
            '+' when Ahead(1) == '=' => Mark(HoconTokenKind.Append, 2),
            '"' => new HoconToken(HoconTokenKind.Quoted, "", _line) with { Text = ReadQuoted() },
            '$' when Ahead(1) == '{' => ReadSubstitution(),
            _ => ReadUnquoted(),
        };
    }

    // U+FEFF is a byte order mark. U+0085 is no white space in HOCON, so char.IsWhiteSpace will not do.
    private static bool IsSpace(char c) => c switch
    {
        '\n' => false,
        '\t' or '\v' or '\f' or '\r' or ' ' or '\uFEFF' or (>= '\u001C' and <= '\u001F') => true,
        < '\u00A0' => false,
        _ => char.GetUnicodeCategory(c) is UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator,
    };

    // U+0000 outside quotes is read as itself where the text really holds it: every caller checks the end first or treats it as no match.
    private char Ahead(int distance) => _at + distance < text.Length ? text[_at + distance] : '\0';

    private bool AtComment => Current == '#' || (Current == '/' && Ahead(1) == '/');

    private void SkipComment()
    {
        if (_at >= text.Length || !AtComment) return;
        var end = text.IndexOf('\n', _at);
        _at = end < 0 ? text.Length : end;
    }

    private HoconToken Mark(HoconTokenKind kind, int length = 1)
    {
        _at += length;
        return new HoconToken(kind, text.Substring(_at - length, length), _line);
    }

    private HoconToken ReadSpace()
    {
        var start = _at;
        while (_at < text.Length && IsSpace(Current)) _at++;
        return new HoconToken(HoconTokenKind.Space, text[start.._at], _line);
    }

    private HoconToken ReadUnquoted()
    {
        var start = _at;
        _at += NumberLength(text.AsSpan(_at));
        while (_at < text.Length && Current != '\n' && !IsSpace(Current) && !Reserved.Contains(Current) && !AtComment) _at++;
        if (_at == start) throw fail(_line, $"'{Current}' has no meaning here; put the text that holds it in quotes");
        return new HoconToken(HoconTokenKind.Unquoted, text[start.._at], _line);
    }

    /// <summary>Characters at the start that are a number of JSON; only a number may hold a plus sign outside quotes.</summary>
    internal static int NumberLength(ReadOnlySpan<char> text)
    {
        var at = text is ['-', ..] ? 1 : 0;
        var whole = Digits(text[at..]);
        if (whole == 0 || (whole > 1 && text[at] == '0')) return 0;
        at += whole;
        if (text[at..] is ['.', ..] && Digits(text[(at + 1)..]) is > 0 and var fraction) at += 1 + fraction;
        if (text[at..] is not ['e' or 'E', ..]) return at;
        var sign = text[(at + 1)..] is ['+' or '-', ..] ? 2 : 1;
        var exponent = Digits(text[(at + sign)..]);
        return exponent > 0 ? at + sign + exponent : at;

        static int Digits(ReadOnlySpan<char> from) => from.IndexOfAnyExceptInRange('0', '9') is var end and >= 0 ? end : from.Length;
    }

    private string ReadQuoted()
    {
        if (text.AsSpan(_at).StartsWith("\"\"\"")) return ReadTripleQuoted();

        var content = new StringBuilder();
        for (_at++; Current != '"'; _at++)
        {
            if (_at >= text.Length || Current == '\n') throw fail(_line, "a quoted string does not end on its line");
            if (Current < ' ') throw fail(_line, $"a quoted string holds the control character U+{(int)Current:X4}; write it as an escape");
            content.Append(Current == '\\' ? ReadEscape() : Current);
        }

        _at++;
        RefuseLoneSurrogate(content);
        return content.ToString();
    }

    private char ReadEscape()
    {
        _at++;
        switch (Current)
        {
            case '"' or '\\' or '/': return Current;
            case 'b': return '\b';
            case 'f': return '\f';
            case 'n': return '\n';
            case 'r': return '\r';
            case 't': return '\t';
            case 'u' when _at + 4 < text.Length
                && ushort.TryParse(text.AsSpan(_at + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code):
                _at += 4;
                return (char)code;
            default: throw fail(_line, "a backslash in a quoted string is followed by none of \" \\ / b f n r t uXXXX");
        }
    }

    private void RefuseLoneSurrogate(StringBuilder content)
    {
        foreach (var chunk in content.GetChunks())
            if (chunk.Span.ContainsAnyInRange('\uD800', '\uDFFF') && !IsWellFormed(content.ToString()))
                throw fail(_line, "a quoted string holds half of a surrogate pair");
    }

    private static bool IsWellFormed(string content)
    {
        for (var rest = content.AsSpan(); !rest.IsEmpty;)
        {
            if (Rune.DecodeFromUtf16(rest, out _, out var used) != OperationStatus.Done) return false;
            rest = rest[used..];
        }

        return true;
    }

    /// <summary>At least three quotes end it; those before the last three are its own.</summary>
    private string ReadTripleQuoted()
    {
        var start = _at + 3;
        var end = text.IndexOf("\"\"\"", start, StringComparison.Ordinal);
        if (end < 0) throw fail(_line, "a string in triple quotes does not end");
        while (end + 3 < text.Length && text[end + 3] == '"') end++;
        _at = end + 3;
        var content = text[start..end];
        _line += content.AsSpan().Count('\n');
        return content;
    }

    private HoconToken ReadSubstitution()
    {
        var line = _line;
        _at += 2;
        var optional = Current == '?';
        if (optional) _at++;

        var parts = new List<HoconToken>();
        while (true)
        {
            // Looked at before it is read: reading it would nest as deep as the text likes.
            var token = Current == '$' ? Mark(HoconTokenKind.Substitution) : Read();
            if (token.Kind == HoconTokenKind.ObjectEnd) break;
            if (token.Kind is not (HoconTokenKind.Unquoted or HoconTokenKind.Quoted or HoconTokenKind.Space))
                throw fail(line, "a substitution is ${path} or ${?path} on one line, the path of words, dots and quoted keys");
            parts.Add(token);
        }

        try
        {
            return new HoconToken(HoconTokenKind.Substitution, "", line, HoconPath.FromTokens(CollectionsMarshal.AsSpan(parts)), optional);
        }
        catch (FormatException wrong)
        {
            throw fail(line, wrong.Message);
        }
    }
}
