using System.Text.Json;
using Chat.Tests.Endpoints;
using Chat.Tests.Support;

namespace Chat.Tests.Cluster;

/// <summary>A list that is asked of another node than the write before it.</summary>
[RequiresRedisAndPostgres]
public sealed class TwoNodesListTests(TwoNodes nodes) : IClassFixture<TwoNodes>
{
    private RestServer A => new(nodes.A);

    private RestServer B => new(nodes.B);

    [ContractFact]
    public async Task What_one_node_has_answered_is_in_the_list_of_the_other()
    {
        var session = await A.CreateAsync("mina", new { members = new[] { "juno" } });
        for (var n = 1; n <= 10; n++)
        {
            var (here, there) = n % 2 == 0 ? (A, B) : (B, A);
            var message = await here.PostAsync("mina", session, $"{n}");
            Assert.Equal(($"{n}", 1), await RowAsync(there, session));

            await there.SendAsync("juno", "POST", $"/api/chat/sessions/{session}/read", new { seq = message["seq"].GetInt64() });
            Assert.Equal(($"{n}", 0), await RowAsync(here, session));

            await here.SendAsync("mina", "PATCH", $"/api/chat/sessions/{session}/messages/{message["message_id"]}", new { content = $"{n}!" });
            Assert.Equal(($"{n}!", 0), await RowAsync(there, session));
        }
        Assert.Equal(("10!", 0), await RowAsync(A, session));
    }

    [ContractFact]
    public async Task What_a_socket_has_read_here_comes_to_the_other_nodes_list_by_itself()
    {
        var session = await A.CreateAsync("mina", new { members = new[] { "juno" } });
        var seq = (await A.PostAsync("mina", session, "hello"))["seq"].GetInt64();
        await using var juno = await NativeClient.ConnectAsync(nodes.A, session, "juno", since: 0);
        await juno.ExpectAsync("message");

        await juno.SendAsync(new { type = "read", seq });
        await juno.SettleAsync();

        Assert.Equal(("hello", 0), await RowAsync(A, session));
        await Eventually.TrueAsync(async () => (await RowAsync(B, session)).Unread == 0);
    }

    private static async Task<(string? Last, int Unread)> RowAsync(RestServer node, string session)
    {
        var list = await node.SendAsync("juno", "GET", "/api/chat/sessions");
        var row = list["sessions"].EnumerateArray().Single((JsonElement row) => row.GetProperty("session_id").GetString() == session);
        return (row.GetProperty("last_message").GetString(), row.GetProperty("unread_count").GetInt32());
    }
}
