using Chat.Host.Auth;

namespace Chat.Tests.Support;

/// <summary>An agent that streams its answers through a socket of its own, one chunk at a time, at the test's word.</summary>
internal sealed class OutsideAgent(NativeClient client) : IAsyncDisposable
{
    public const int Id = 7;

    public NativeClient Client => client;

    /// <summary>A session whose agent this is.</summary>
    public static Task<string> CreateSessionAsync(TestServer server, string owner, params string[] members) =>
        server.CreateSessionAsync(owner, (Id, "Outside", true), members);

    public static async Task<OutsideAgent> ConnectAsync(TestServer server, string session) =>
        new(await NativeClient.ConnectAsync(server, session, $"{Id}", roles: Roles.Agent));

    /// <summary>The server's id for the answer.</summary>
    public async Task<string> StartAsync(string ownId)
    {
        await client.SendAsync(new { type = "stream_start", message_id = ownId });
        return (await client.ExpectAsync("ack", f => f.Text("client_message_id") == ownId)).Text("message_id");
    }

    /// <summary>Returns when the chunks are in the log and this socket has been shown them.</summary>
    public async Task SayAsync(string id, params string[] chunks)
    {
        foreach (var content in chunks)
        {
            await client.SendAsync(new { type = "stream_chunk", message_id = id, content });
            await client.ExpectAsync("stream_chunk", f => f.Text("content") == content);
        }
    }

    public async Task EndAsync(string id)
    {
        await client.SendAsync(new { type = "stream_end", message_id = id, tokens_used = 5, latency_ms = 70 });
        await client.ExpectAsync("stream_end");
    }

    public ValueTask DisposeAsync() => client.DisposeAsync();
}
