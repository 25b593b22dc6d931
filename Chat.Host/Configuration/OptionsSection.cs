using System.Globalization;
using System.Text.Json;
using Chat.Host.Configuration.Hocon;

namespace Chat.Host.Configuration;

/// <summary>
/// One object of the configuration while its settings are read. Each read names a key, so that the keys read are the keys known; a mistake is
/// reported and the default given, so that all mistakes come out together.
/// </summary>
internal sealed class OptionsSection
{
    private readonly HoconObject? _values;
    private readonly string _path;
    private readonly OptionsReport _report;
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    public OptionsSection(HoconObject? values, string path, OptionsReport report)
    {
        _values = values;
        _path = path;
        _report = report;
        report.Enter(this);
    }

    public OptionsSection Section(string key)
    {
        var value = Take(key);
        if (value is not (null or HoconObject or HoconScalar { Kind: HoconKind.Null })) Refuse(key, "is a section, written { … }");
        return new OptionsSection(value as HoconObject, PathOf(key), _report);
    }

    /// <summary>The fields of an object whose keys are names that the operator chose; null where it is not set.</summary>
    /// <param name="wrong">What is wrong with a name, or null.</param>
    public IReadOnlyList<(string Name, OptionsSection Section)>? Named(string key, string form, Func<string, string?> wrong)
    {
        var value = Take(key);
        if (value is null) return null;
        if (value is not HoconObject fields)
        {
            if (value is not HoconScalar { Kind: HoconKind.Null }) Refuse(key, form);
            return [];
        }

        var named = new List<(string, OptionsSection)>();
        var holder = new OptionsSection(fields, PathOf(key), _report);
        foreach (var (name, field) in fields.Fields)
        {
            // Setting a name to null is how a later file removes what an earlier one has.
            holder.Take(name);
            if (field is HoconScalar { Kind: HoconKind.Null }) continue;
            if (wrong(name) is { } text) holder.Refuse(name, text);
            else named.Add((name, holder.Section(name)));
        }

        return named;
    }

    /// <summary>Null where the key is absent, null or empty: an environment often carries empty variables.</summary>
    public string? OptionalText(string key) => Scalar(key) is { Kind: not HoconKind.Null, Text.Length: > 0 } scalar ? scalar.Text : null;

    public string Text(string key, string fallback)
    {
        if (Scalar(key) is not { } scalar) return fallback;
        if (scalar.Kind != HoconKind.Null && !string.IsNullOrWhiteSpace(scalar.Text)) return scalar.Text;
        return Refuse(key, "is empty", fallback);
    }

    /// <summary>One of these words, in any case.</summary>
    public T Choice<T>(string key, T fallback, params ReadOnlySpan<(string Word, T Value)> choices)
    {
        if (Scalar(key) is not { } scalar) return fallback;
        foreach (var (word, value) in choices)
            if (string.Equals(word, scalar.Text, StringComparison.OrdinalIgnoreCase)) return value;
        var words = new List<string>();
        foreach (var (word, _) in choices) words.Add(word);
        return Refuse(key, "is none of " + string.Join(", ", words), fallback);
    }

    public bool Switch(string key, bool fallback) => Choice(
        key, fallback, ("true", true), ("false", false), ("on", true), ("off", false), ("yes", true), ("no", false), ("1", true), ("0", false));

    public int Whole(string key, int fallback, int least, int most)
    {
        if (Scalar(key) is not { } scalar) return fallback;
        if (!long.TryParse(scalar.Text, NumberStyles.AllowLeadingSign | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var number))
            return Refuse(key, "is no whole number", fallback);
        return number >= least && number <= most ? (int)number : Refuse(key, Invariant($"{number} is not between {least} and {most}"), fallback);
    }

    /// <param name="bareUnit">What a number without unit counts where it comes from the environment or the command line; in a file it needs a unit.</param>
    public TimeSpan Duration(string key, TimeSpan fallback, TimeSpan least, TimeSpan most, TimeSpan? bareUnit = null)
    {
        if (Scalar(key) is not { } scalar) return fallback;
        if (HoconUnits.Duration(scalar.Text, scalar.Origin.File is null ? bareUnit : null) is not { } duration)
            return Refuse(key, $"is no duration: {HoconUnits.DurationForm}" + (bareUnit is null ? "" : $" (in the environment a bare number counts {(bareUnit == TimeSpan.FromSeconds(1) ? "seconds" : "milliseconds")})"), fallback);
        return duration >= least && duration <= most ? duration : Refuse(key, Invariant($"{duration:c} is not between {least:c} and {most:c} (days.hours:minutes:seconds)"), fallback);
    }

    public int Bytes(string key, int fallback, int least, int most)
    {
        if (Scalar(key) is not { } scalar) return fallback;
        if (HoconUnits.Size(scalar.Text) is not { } size) return Refuse(key, $"is no size: {HoconUnits.SizeForm}", fallback);
        return size >= least && size <= most ? (int)size : Refuse(key, Invariant($"{size} bytes are not between {least} and {most}"), fallback);
    }

    /// <summary>A HOCON list, or a text that holds a JSON list, as an environment variable does.</summary>
    public IReadOnlyList<string> Texts(string key, IReadOnlyList<string> fallback)
    {
        switch (Take(key))
        {
            case null:
                return fallback;
            case HoconList list:
                return list.Items.All(item => item is HoconScalar { Kind: not HoconKind.Null })
                    ? [.. list.Items.Cast<HoconScalar>().Select(item => item.Text)]
                    : Refuse(key, "holds something other than texts", fallback);
            case HoconScalar { Kind: HoconKind.Text } scalar:
                return JsonTexts(scalar.Text) ?? Refuse(key, "is no list; in a variable write a JSON list of texts, such as [\"http://a.example\",\"http://b.example\"]", fallback);
            default:
                return Refuse(key, "is no list; write [\"a\", \"b\"]", fallback);
        }
    }

    public void Refuse(string key, string text) => _report.Add(_values?.Fields.GetValueOrDefault(key)?.Origin, PathOf(key), text);

    /// <summary>Refuses values that <paramref name="wrong"/> has a word about.</summary>
    public T Check<T>(string key, T value, Func<T, string?> wrong)
    {
        if (wrong(value) is { } text) Refuse(key, text);
        return value;
    }

    public IEnumerable<(string Key, HoconValue Value)> Unknown() =>
        _values?.Fields.Where(field => !_asked.Contains(field.Key)).Select(field => (PathOf(field.Key), field.Value)) ?? [];

    private static string[]? JsonTexts(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<string[]>(text) is { } texts && Array.TrueForAll(texts, item => item is not null) ? texts : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private HoconScalar? Scalar(string key)
    {
        var value = Take(key);
        if (value is HoconList or HoconObject) Refuse(key, $"is {(value is HoconList ? "a list" : "a section")}, where a single value should be");
        return value as HoconScalar;
    }

    private HoconValue? Take(string key)
    {
        _asked.Add(key);
        _report.Know(PathOf(key));
        return _values?.Fields.GetValueOrDefault(key);
    }

    private T Refuse<T>(string key, string text, T fallback)
    {
        Refuse(key, text);
        return fallback;
    }

    private string PathOf(string key) => _path.Length == 0 ? HoconPath.Show(key) : _path + "." + HoconPath.Show(key);

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
