using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Chat.Host.Configuration.Hocon;

namespace Chat.Host.Configuration;

/// <summary>
/// Flattens a HOCON tree as the JSON provider does: keys joined by colons, list items by index, an empty list as an empty text, an empty object
/// and null as null. Keys of .NET ignore case and split at colons; a tree in which that would confuse two keys is refused.
/// </summary>
public sealed class HoconConfigurationProvider(HoconObject root) : ConfigurationProvider
{
    private readonly Dictionary<string, HoconOrigin> _origins = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Where a flattened key was written.</summary>
    public bool TryGetOrigin(string key, [NotNullWhen(true)] out HoconOrigin? origin) => _origins.TryGetValue(key, out origin);

    public override void Load()
    {
        Data.Clear();
        _origins.Clear();
        foreach (var (key, value) in root.Fields) Add(Join(null, key, value.Origin), value);
    }

    private void Add(string key, HoconValue value)
    {
        if (!_origins.TryAdd(key, value.Origin))
            throw new HoconException(value.Origin, key, $"this key and the one of {_origins[key]} differ only in case");

        switch (value)
        {
            case HoconScalar scalar:
                Data[key] = scalar.Kind == HoconKind.Null ? null : scalar.Text;
                break;
            case HoconList list:
                if (list.Items.Count == 0) Data[key] = "";
                for (var i = 0; i < list.Items.Count; i++) Add(ConfigurationPath.Combine(key, i.ToString(CultureInfo.InvariantCulture)), list.Items[i]);
                break;
            case HoconObject fields:
                if (fields.Fields.Count == 0) Data[key] = null;
                foreach (var (name, field) in fields.Fields) Add(Join(key, name, field.Origin), field);
                break;
        }
    }

    private static string Join(string? parent, string key, HoconOrigin origin)
    {
        if (key.Contains(ConfigurationPath.KeyDelimiter, StringComparison.Ordinal))
            throw new HoconException(origin, parent, "a key with a colon cannot be told from two keys in the .NET configuration");
        return parent is null ? key : ConfigurationPath.Combine(parent, key);
    }
}
