using System.Net;
using System.Net.Http.Headers;
using Chat.Tests.Support;

namespace Chat.Tests.Cli;

[Collection("Processes")]
public sealed class TokenCommandTests
{
    [Fact]
    public async Task A_server_of_the_same_key_takes_each_token()
    {
        await using var server = await TestServer.StartAsync();
        var result = await ChatProcess.RunAsync(CommandLineTests.Production, "token", "--users", "3", "--lifetime", "5m");

        var tokens = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal((0, 3), (result.Code, tokens.Distinct().Count()));
        for (var n = 1; n <= 3; n++)
        {
            var session = await server.CreateSessionAsync($"user-{n}");
            Assert.Equal(HttpStatusCode.OK, await ReadAsync(server, session, tokens[n - 1]));
            Assert.Equal(HttpStatusCode.NotFound, await ReadAsync(server, session, tokens[n % 3]));
        }
    }

    [Fact]
    public async Task Roles_and_user_are_in_the_token()
    {
        await using var server = await TestServer.StartAsync();
        var session = await server.CreateSessionAsync("someone");
        var result = await ChatProcess.RunAsync(CommandLineTests.Production, "token", "--user", "@민아", "--name", "Mina", "--roles", "admin,agent");

        Assert.Equal(HttpStatusCode.OK, await ReadAsync(server, session, result.Output.Trim()));
    }

    [Fact]
    public async Task A_server_of_another_key_takes_none()
    {
        await using var server = await TestServer.StartAsync();
        var session = await server.CreateSessionAsync("user-1");
        var result = await ChatProcess.RunAsync(null, "token", "--mode", "development");

        Assert.Equal(HttpStatusCode.Unauthorized, await ReadAsync(server, session, result.Output.Trim()));
    }

    private static async Task<HttpStatusCode> ReadAsync(TestServer server, string session, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/chat/sessions/{session}") { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };
        using var response = await server.Http.SendAsync(request);
        return response.StatusCode;
    }
}
