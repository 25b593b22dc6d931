using Chat.Host.Agents;
using Chat.Host.Configuration;
using Chat.Tests.Support;

namespace Chat.Tests.Agents;

public class AgentCatalogTests
{
    [Fact]
    public void Every_provider_is_built_and_found_by_id()
    {
        using var catalog = Catalog(
            new AgentOptions { Id = 3, Name = "Outside", Provider = "external" },
            new AgentOptions { Id = 1, Name = "Echo" },
            new AgentOptions { Id = 2, Name = "Model", Provider = "openai", Model = "m", Address = "http://localhost:1/v1", OnCrash = "continue", AvatarUrl = "/a.png" });
        Assert.Equal([1, 2, 3], catalog.All.Select(agent => agent.Id));
        Assert.Equal(("Echo", true, false), (catalog.Find(1)!.Name, catalog.Find(1)!.CanContinue, catalog.Find(1)!.AnswersItself));
        Assert.Equal(("/a.png", true), (catalog.Find(2)!.AvatarUrl, catalog.Find(2)!.CanContinue));
        Assert.True(catalog.Find(3)!.AnswersItself);
        Assert.Null(catalog.Find(4));
    }

    [Theory]
    [InlineData(0, "a", "echo", null, null, "interrupt", "id 0")]
    [InlineData(1, "", "echo", null, null, "interrupt", "no name")]
    [InlineData(1, "a", "llm", null, null, "interrupt", "unknown provider 'llm'")]
    [InlineData(1, "a", "openai", null, null, "interrupt", "no model")]
    [InlineData(1, "a", "openai", "m", "localhost", "interrupt", "not an http")]
    [InlineData(1, "a", "openai", "m", "ftp://x", "interrupt", "not an http")]
    [InlineData(1, "a", "openai", "m", null, "panic", "on-crash")]
    public void A_faulty_configuration_says_what_is_wrong(int id, string name, string provider, string? model, string? address, string onCrash, string says)
    {
        var agent = new AgentOptions { Id = id, Name = name, Provider = provider, Model = model, Address = address, OnCrash = onCrash };
        Assert.Contains(says, Assert.Throws<ArgumentException>(() => Catalog(agent)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_id_stands_for_one_agent() =>
        Assert.Contains("2 times", Assert.Throws<ArgumentException>(() => Catalog(new AgentOptions { Id = 1, Name = "a" }, new AgentOptions { Id = 1, Name = "b" })).Message, StringComparison.Ordinal);

    private static AgentCatalog Catalog(params AgentOptions[] agents) => new(new ChatOptions { Agents = agents }, new ManualTime());
}
