using Chat.Host.Configuration.Hocon;

namespace Chat.Host.Configuration;

/// <summary>One wrong setting: where it stands, its full key and what is wrong with it.</summary>
/// <param name="Origin">Null where the default stands, that is, where nobody has set the key.</param>
public sealed record ConfigurationMistake(HoconOrigin? Origin, string Key, string Text)
{
    public override string ToString() => Origin is null ? $"{Key}: {Text}" : $"{Origin}: {Key}: {Text}";
}
