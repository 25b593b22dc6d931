using Chat.Host.Agents;
using Chat.Host.Configuration;
using Chat.Tests.Endpoints;
using Chat.Tests.Support;

namespace Chat.Tests.Security;

/// <summary>A script in a message's metadata is for load tests; whoever may send a message can write one.</summary>
public sealed class EchoScriptBoundTests
{
    [Fact]
    public async Task In_production_a_script_makes_no_longer_answer_than_a_message_does()
    {
        await using var server = await TestServer.StartAsync(o => o with { Stream = new StreamOptions { ChunkSize = 1000, Delay = TimeSpan.Zero } });
        var rest = new RestServer(server);
        var session = await rest.CreateAsync("mina");

        using var stream = await rest.OpenAsync("mina", session, new { content = "tell", metadata = new { echo = new { tokens = 100_000 } } });

        Assert.Equal(EchoScript.MaxTokensInProduction, (await stream.RestAsync())[^1].Data.GetProperty("tokens_used").GetInt32());
    }
}
