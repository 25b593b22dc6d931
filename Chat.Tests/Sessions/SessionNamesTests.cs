using System.Net;
using System.Net.Http.Json;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Sessions;

public class SessionNamesTests
{
    [Fact]
    public async Task Of_many_claimers_of_one_name_one_has_it()
    {
        await using var server = await TestServer.StartAsync();
        var claims = await Task.WhenAll(Enumerable.Range(0, 50).Select(i =>
            server.Node.Names.ClaimAsync("code", "ABC234", new SessionId($"s{i}"), $"user{i}").AsTask()));
        Assert.Equal(claims[0].SessionId, Assert.Single(claims.Select(claim => claim.SessionId).Distinct()));
        Assert.Equal(claims[0].SessionId, await server.Node.Names.FindAsync("code", "ABC234"));
        Assert.Null(await server.Node.Names.FindAsync("channel", "ABC234"));
    }

    [Fact]
    public async Task A_name_whose_session_was_never_made_serves_its_claimer_and_nobody_else()
    {
        await using var server = await TestServer.StartAsync();
        var claim = await server.Node.Names.ClaimAsync("channel", "pod_1", new SessionId("sess_lost"), "kim");
        Assert.Equal(HttpStatusCode.Conflict, (await CreateAsync(server, "lee")).StatusCode);
        using var made = await CreateAsync(server, "kim");
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        Assert.Contains(claim.SessionId.Value, await made.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, (await CreateAsync(server, "kim")).StatusCode);
    }

    private static async Task<HttpResponseMessage> CreateAsync(TestServer server, string user)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/chat/sessions") { Content = JsonContent.Create(new { channel_url = "pod_1" }) };
        request.Headers.Authorization = new("Bearer", server.Token(user));
        return await server.Http.SendAsync(request);
    }
}
