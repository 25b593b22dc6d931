namespace Chat.Host.Configuration.Hocon;

internal enum HoconTokenKind
{
    End,
    Newline,

    /// <summary>White space on one line, kept because between two strings it counts.</summary>
    Space,
    Comma,
    ObjectStart,
    ObjectEnd,
    ListStart,
    ListEnd,

    /// <summary><c>=</c> or <c>:</c>.</summary>
    Assign,

    /// <summary><c>+=</c>.</summary>
    Append,
    Quoted,

    /// <summary>Also numbers, booleans and null: alone they are what they look like, in a concatenation they are text.</summary>
    Unquoted,
    Substitution,
}

/// <param name="Text">Content without quotes and with escapes read; of a punctuation mark the mark.</param>
/// <param name="Path">Of a substitution only.</param>
internal readonly record struct HoconToken(HoconTokenKind Kind, string Text, int Line, HoconPath? Path = null, bool Optional = false);
