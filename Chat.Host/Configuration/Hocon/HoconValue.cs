namespace Chat.Host.Configuration.Hocon;

/// <summary>A value after substitution: what a reader of the configuration sees.</summary>
public abstract class HoconValue(HoconOrigin origin)
{
    public HoconOrigin Origin { get; } = origin;

    /// <summary>Containers inside each other, this one included; 0 for a scalar.</summary>
    internal virtual int Depth => 0;

    /// <summary>This value and all below it. Shared parts count each time, as whoever walks the tree meets them.</summary>
    internal virtual int Count => 1;

    private protected static int Sum(IEnumerable<HoconValue> values)
    {
        var sum = 1L;
        foreach (var value in values) sum += value.Count;
        return (int)Math.Min(sum, int.MaxValue);
    }
}

public enum HoconKind
{
    Text,
    Number,
    Boolean,
    Null,
}

/// <summary>A string, number, boolean or null.</summary>
/// <param name="text">As written, without quotes; numbers keep their spelling.</param>
public sealed class HoconScalar(HoconKind kind, string text, HoconOrigin origin) : HoconValue(origin)
{
    public HoconKind Kind { get; } = kind;
    public string Text { get; } = text;
}

public sealed class HoconList(IReadOnlyList<HoconValue> items, HoconOrigin origin) : HoconValue(origin)
{
    public IReadOnlyList<HoconValue> Items { get; } = items;

    internal override int Depth { get; } = 1 + items.Select(item => item.Depth).DefaultIfEmpty().Max();
    internal override int Count { get; } = Sum(items);
}

/// <summary>Fields in the order in which their keys were first written. Keys are case-sensitive.</summary>
public sealed class HoconObject(OrderedDictionary<string, HoconValue> fields, HoconOrigin origin) : HoconValue(origin)
{
    public IReadOnlyDictionary<string, HoconValue> Fields { get; } = fields;

    internal override int Depth { get; } = 1 + fields.Values.Select(value => value.Depth).DefaultIfEmpty().Max();
    internal override int Count { get; } = Sum(fields.Values);

    /// <summary>The fields of both; where both have one, the other's wins, and two objects merge.</summary>
    internal HoconObject OverriddenBy(HoconObject other)
    {
        var merged = new OrderedDictionary<string, HoconValue>(fields, StringComparer.Ordinal);
        foreach (var (key, value) in other.Fields)
            merged[key] = value is HoconObject upper && merged.TryGetValue(key, out var below) && below is HoconObject lower
                ? lower.OverriddenBy(upper)
                : value;
        return new HoconObject(merged, other.Origin);
    }
}
