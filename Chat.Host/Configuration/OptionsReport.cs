using Chat.Host.Configuration.Hocon;

namespace Chat.Host.Configuration;

/// <summary>What was asked for and what was wrong, over all sections of one reading.</summary>
internal sealed class OptionsReport
{
    private readonly List<ConfigurationMistake> _mistakes = [];
    private readonly List<OptionsSection> _sections = [];
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public IReadOnlySet<string> Known => _known;

    public void Enter(OptionsSection section) => _sections.Add(section);

    public void Know(string key) => _known.Add(key);

    /// <param name="text">Never the value itself: whatever stands at the wrong key may be a secret.</param>
    public void Add(HoconOrigin? origin, string key, string text)
    {
        // The first word about a key is the cause of the others.
        if (!_mistakes.Exists(mistake => mistake.Key == key)) _mistakes.Add(new ConfigurationMistake(origin, key, text));
    }

    /// <summary>Unknown keys can be told only after everything known was asked for.</summary>
    /// <exception cref="ChatConfigurationException">Something was wrong.</exception>
    public void Finish()
    {
        foreach (var (key, value) in _sections.SelectMany(section => section.Unknown()))
            Add(value.Origin, key, NearestKey.Of(key, _known) is { } near ? $"is no setting; the nearest is {near}" : "is no setting");
        if (_mistakes.Count > 0) throw new ChatConfigurationException(_mistakes);
    }
}
