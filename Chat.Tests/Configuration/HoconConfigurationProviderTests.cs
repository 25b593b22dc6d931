using Chat.Host.Configuration;
using Chat.Host.Configuration.Hocon;
using Microsoft.Extensions.Configuration;

namespace Chat.Tests.Configuration;

public sealed class HoconConfigurationProviderTests
{
    [Fact]
    public void Keys_are_joined_by_colons_and_list_items_by_index()
    {
        var configuration = Build("a { b = 1, c = [x, { d = true }, [y]] }, e = null, f = []");

        Assert.Equal("1", configuration["a:b"]);
        Assert.Equal("x", configuration["A:C:0"]);
        Assert.Equal("true", configuration["a:c:1:d"]);
        Assert.Equal("y", configuration["a:c:2:0"]);
        Assert.Null(configuration["e"]);
        Assert.Equal("", configuration["f"]);
        Assert.Equal(["x"], configuration.GetSection("a:c").GetChildren().Select(child => child.Value).Where(value => value is not null));
    }

    [Fact]
    public void It_binds_as_any_other_configuration_does() =>
        Assert.Equal(["a", "b"], Build("list = [a, b]").GetSection("list").Get<string[]>()!);

    [Fact]
    public void The_origin_of_a_key_is_known()
    {
        var provider = new HoconConfigurationProvider(Tree("a {\n b = 1\n}"));
        provider.Load();

        Assert.True(provider.TryGetOrigin("A:B", out var origin));
        Assert.Equal("test.conf:2", origin.ToString());
        Assert.False(provider.TryGetOrigin("a:c", out _));
    }

    [Theory]
    [InlineData("a = 1\nA = 2", 2, "only in case")]
    [InlineData("a { b = 1, \"x:y\" = 2 }", 1, "colon")]
    public void Keys_that_NET_would_confuse_are_refused(string hocon, int line, string word)
    {
        var refused = Assert.Throws<HoconException>(() => new HoconConfigurationProvider(Tree(hocon)).Load());

        Assert.Equal(line, refused.Origin.Line);
        Assert.Contains(word, refused.Problem, StringComparison.Ordinal);
    }

    private static IConfigurationRoot Build(string hocon) => new ConfigurationBuilder().Add(new HoconConfigurationSource(Tree(hocon))).Build();

    private static HoconObject Tree(string hocon) => (HoconObject)HoconDocument.Parse(hocon, "test.conf");
}
