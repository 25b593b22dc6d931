using System.Buffers;
using System.Text;

namespace Chat.Host.Configuration.Hocon;

/// <summary>A path expression: the keys from the root of the configuration, or of one file, to a value.</summary>
internal sealed record HoconPath(IReadOnlyList<string> Keys)
{
    public static readonly HoconPath Root = new([]);
    private static readonly SearchValues<char> Blanks = SearchValues.Create(" \t\r\n\v\f\u00a0");
    private static readonly SearchValues<char> Marks = SearchValues.Create(".:=\"{}[]");

    public HoconPath Append(HoconPath other) => new([.. Keys, .. other.Keys]);

    /// <summary>Joins the parts of a path expression; a dot outside quotes separates keys.</summary>
    /// <exception cref="FormatException">A key is empty and not quoted.</exception>
    public static HoconPath FromTokens(ReadOnlySpan<HoconToken> tokens)
    {
        while (tokens is [{ Kind: HoconTokenKind.Space }, ..]) tokens = tokens[1..];
        while (tokens is [.., { Kind: HoconTokenKind.Space }]) tokens = tokens[..^1];

        var keys = new List<string>();
        var key = new StringBuilder();
        var begun = false;
        foreach (var token in tokens)
        {
            if (token.Kind != HoconTokenKind.Unquoted)
            {
                key.Append(token.Text);
                begun |= token.Kind == HoconTokenKind.Quoted;
                continue;
            }

            foreach (var character in token.Text)
            {
                if (character == '.') End();
                else key.Append(character);
                begun = character != '.';
            }
        }

        End();
        return new HoconPath(keys);

        void End()
        {
            if (!begun) throw new FormatException("a path has an empty key; write it as \"\" if that is meant");
            keys.Add(key.ToString());
            key.Clear();
        }
    }

    /// <summary>For messages: dotted, quoted where needed, and of each key no more than the first word, since a forgotten separator pulls a value into the key.</summary>
    public override string ToString() => string.Join('.', Keys.Select(Show));

    public static string Show(string key)
    {
        var end = key.AsSpan().IndexOfAny(Blanks);
        if (end > 0) return string.Concat(key.AsSpan(0, Math.Min(end, 40)), "…");
        if (key.Length > 40) return string.Concat(key.AsSpan(0, 40), "…");
        return key.Length == 0 || key.AsSpan().ContainsAny(Marks) ? $"\"{key.Replace("\"", "\\\"", StringComparison.Ordinal)}\"" : key;
    }
}
