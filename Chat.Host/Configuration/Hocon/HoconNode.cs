namespace Chat.Host.Configuration.Hocon;

/// <summary>A value as parsed, before substitution.</summary>
internal abstract class HoconNode(HoconOrigin origin)
{
    public HoconOrigin Origin { get; } = origin;
}

/// <summary>A value that holds no substitution.</summary>
internal sealed class LiteralNode(HoconValue value) : HoconNode(value.Origin)
{
    public HoconValue Value { get; } = value;
}

/// <summary>The blank between two values on a line: part of a string, nothing between lists or objects.</summary>
internal sealed class BlankNode(string text, HoconOrigin origin) : HoconNode(origin)
{
    public string Text { get; } = text;
}

/// <summary><c>${path}</c>, <c>${?path}</c>, and the look at its own earlier value that <c>+=</c> stands for.</summary>
internal sealed class SubstitutionNode(HoconPath path, bool optional, HoconOrigin origin) : HoconNode(origin)
{
    /// <summary>As written.</summary>
    public HoconPath Path { get; } = path;

    public bool Optional { get; } = optional;

    /// <summary>Where the file that holds it was included; its own root is looked up first.</summary>
    public HoconPath Prefix { get; init; } = HoconPath.Root;

    /// <summary>The key that is being defined, for messages.</summary>
    public string? Key { get; init; }

    /// <summary>Made by <c>+=</c>: neither the including root nor the environment may stand in for the list.</summary>
    public bool OwnOnly { get; init; }
}

/// <summary>Values side by side on one line, at least one of them a substitution or a container.</summary>
internal sealed class ConcatenationNode(IReadOnlyList<HoconNode> parts, string? key, HoconOrigin origin) : HoconNode(origin)
{
    public IReadOnlyList<HoconNode> Parts { get; } = parts;
    public string? Key { get; } = key;

    /// <summary>True where a part is written as an object, so that the whole can only be one.</summary>
    public bool IsObject { get; } = parts.Any(part => part is ObjectNode);
}

internal sealed class ListNode(IReadOnlyList<HoconNode> items, HoconOrigin origin) : HoconNode(origin)
{
    public IReadOnlyList<HoconNode> Items { get; } = items;
}

/// <summary>An object whose fields each keep all the values they were given, the earliest first, as far as a later one may need them.</summary>
internal sealed class ObjectNode(HoconOrigin origin) : HoconNode(origin)
{
    private readonly OrderedDictionary<string, List<HoconNode>> _fields = new(StringComparer.Ordinal);

    public IEnumerable<KeyValuePair<string, List<HoconNode>>> Fields => _fields;

    public List<HoconNode>? Find(string key) => _fields.GetValueOrDefault(key);

    public void Add(ReadOnlySpan<string> path, HoconNode value)
    {
        for (var i = path.Length - 1; i > 0; i--)
        {
            var parent = new ObjectNode(value.Origin);
            parent.Add(path[i], value);
            value = parent;
        }

        Add(path[0], value);
    }

    public void Add(ObjectNode other)
    {
        foreach (var (key, values) in other._fields)
            foreach (var value in values)
                Add(key, value);
    }

    private void Add(string key, HoconNode value)
    {
        if (!_fields.TryGetValue(key, out var values))
        {
            _fields.Add(key, [value]);
        }
        else if (value is ObjectNode upper && values[^1] is ObjectNode lower)
        {
            lower.Add(upper);
        }
        else
        {
            // What is written out hides all before it; a substitution may turn out undefined, or an object to merge with.
            if (value is LiteralNode or ListNode) values.Clear();
            values.Add(value);
        }
    }
}
