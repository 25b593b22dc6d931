using Chat.Host.Configuration.Hocon;

namespace Chat.Host.Configuration;

/// <summary>A HOCON tree as a source of the ordinary .NET configuration.</summary>
public sealed class HoconConfigurationSource(HoconObject root) : IConfigurationSource
{
    public HoconObject Root { get; } = root;

    public IConfigurationProvider Build(IConfigurationBuilder builder) => new HoconConfigurationProvider(Root);
}
