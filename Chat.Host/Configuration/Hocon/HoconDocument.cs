using System.Runtime.InteropServices;

namespace Chat.Host.Configuration.Hocon;

/// <summary>
/// Reads HOCON (lightbend/config, HOCON.md). A key may be set often, a later value wins and objects merge. Not read, and refused with a word: <c>include</c> of addresses, class paths, packages and <c>.properties</c>,
/// <c>include</c> and <c>+=</c> inside a list, lists from numbered variables (<c>${NAME[]}</c>). An object with numbered keys stays an object.
/// </summary>
public static class HoconDocument
{
    /// <summary>Reads a file with what it includes, then substitutes.</summary>
    /// <param name="environment">Looked up for a path that the files do not set.</param>
    /// <param name="overrides">Path expressions and texts, set after everything else.</param>
    /// <exception cref="HoconException">The text is no HOCON, holds no object, or a substitution leads nowhere.</exception>
    public static HoconObject Read(
        string file, IReadOnlyDictionary<string, string?> environment, IReadOnlyDictionary<string, string>? overrides = null)
    {
        if (new HoconIncludes().ReadRoot(file) is not ObjectNode root)
            throw new HoconException(HoconOrigin.InFile(file, 1), null, "a configuration is an object, not a list");

        foreach (var (key, text) in overrides ?? new Dictionary<string, string>()) Override(root, key, text);
        return (HoconObject)new HoconResolver(root, name => environment.GetValueOrDefault(name)).Resolve(root);
    }

    /// <summary>Reads one text, which may hold a list, and includes nothing.</summary>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="HoconException">As for <see cref="Read"/>.</exception>
    public static HoconValue Parse(string text, string name = "text", IReadOnlyDictionary<string, string?>? environment = null)
    {
        var node = new HoconParser(text, name, HoconPath.Root, null).ParseDocument();
        var root = node as ObjectNode ?? new ObjectNode(node.Origin);
        return new HoconResolver(root, variable => environment?.GetValueOrDefault(variable)).Resolve(node);
    }

    private static void Override(ObjectNode root, string key, string text)
    {
        var origin = HoconOrigin.InOverride(key);
        var tokens = new List<HoconToken>();
        var tokenizer = new HoconTokenizer(key, (_, problem) => new HoconException(origin, null, problem));
        for (var token = tokenizer.Read(); token.Kind != HoconTokenKind.End; token = tokenizer.Read())
        {
            if (token.Kind is not (HoconTokenKind.Unquoted or HoconTokenKind.Quoted))
                throw new HoconException(origin, null, "a key is words, dots and quoted words");
            tokens.Add(token);
        }

        try
        {
            var path = HoconPath.FromTokens(CollectionsMarshal.AsSpan(tokens));
            if (path.Keys.Count > HoconLimits.Depth) throw new FormatException($"more than {HoconLimits.Depth} levels inside each other");
            root.Add([.. path.Keys], new LiteralNode(new HoconScalar(HoconKind.Text, text, origin)));
        }
        catch (FormatException wrong)
        {
            throw new HoconException(origin, null, wrong.Message);
        }
    }
}
