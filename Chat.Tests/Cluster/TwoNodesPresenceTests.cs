using System.Net.Http.Headers;
using System.Text.Json;
using Chat.Tests.Support;

namespace Chat.Tests.Cluster;

/// <summary>What a client of one node sees of those on another.</summary>
[RequiresRedisAndPostgres]
public sealed class TwoNodesPresenceTests(TwoNodes nodes) : IClassFixture<TwoNodes>
{
    [ContractFact]
    public async Task Users_join_type_read_and_leave_across_nodes()
    {
        var session = await nodes.A.CreateSessionAsync("mina", "juno", "sora");
        await using var mina = await NativeClient.ConnectAsync(nodes.A, session, "mina");
        await mina.PostAsync("hello");
        await using var sora = await NativeClient.ConnectAsync(nodes.B, session, "sora");
        await mina.ExpectAsync("user_joined", f => f.Text("user_id") == "sora");
        await using var junoThere = await NativeClient.ConnectAsync(nodes.B, session, "juno", since: 0);
        await mina.ExpectAsync("user_joined", f => f.Text("user_id") == "juno");
        var junoHere = await NativeClient.ConnectAsync(nodes.A, session, "juno");

        await junoThere.SendAsync(new { type = "typing", is_typing = true });
        Assert.Equal("juno", (await mina.ExpectAsync("typing")).Text("user_id"));
        await junoThere.ExpectAsync("message");
        await junoThere.SendAsync(new { type = "read", seq = 2 });
        Assert.Equal("juno", (await mina.ExpectAsync("read")).Text("user_id"));
        // A node that is slow to say who it has is not waited for.
        await Eventually.TrueAsync(async () => await OnlineAsync(nodes.B, session) == "juno True, mina True, sora True");
        await junoHere.CloseAsync();
        await junoThere.CloseAsync();
        await mina.ExpectAsync("user_left", f => f.Text("user_id") == "juno");
        await sora.ExpectAsync("user_left", f => f.Text("user_id") == "juno");

        Assert.Equal(2, mina.All("user_joined").Count);
        Assert.Single(mina.All("user_left"));
        Assert.Single(sora.All("user_left"));
        await sora.CloseAsync();
        // Nobody listens there any more.
        await Eventually.TrueAsync(async () => await OnlineAsync(nodes.B, session) == "juno False, mina True, sora False");
        await junoHere.DisposeAsync();
    }

    private static async Task<string> OnlineAsync(TestServer server, string session)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/chat/sessions/{session}/members");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", server.Token("mina"));
        using var answer = await server.Http.SendAsync(request);
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return string.Join(", ", body.RootElement.GetProperty("members").EnumerateArray()
            .Select(member => $"{member.GetProperty("user_id")} {member.GetProperty("is_online")}").Order());
    }
}
