using Chat.Tests.Support;

namespace Chat.Tests.Contracts.Faces;

/// <summary>A server in production mode and the client libraries beside it, for the tests of one class; each test makes a session of its own.</summary>
public sealed class FaceWorld : IAsyncLifetime
{
    private readonly Lazy<ClientProgram> _node = new(ClientProgram.StartNode);
    private readonly Lazy<ClientProgram> _python = new(ClientProgram.StartPython);

    public TestServer Server { get; private set; } = null!;

    public ClientProgram ProgramOf(ClientLibrary library) => library == ClientLibrary.WebSockets ? _python.Value : _node.Value;

    public async Task InitializeAsync() => Server = await TestServer.StartAsync(o => o with
    {
        // Small: one who stops reading is soon read for from the log.
        WebSocket = o.WebSocket with { QueueLimit = 64 * 1024 },
        // All of them come from one address.
        Participants = o.Participants with { RequestsPerMinute = 0 },
    });

    public async Task DisposeAsync()
    {
        foreach (var program in new[] { _node, _python }.Where(p => p.IsValueCreated))
        {
            await program.Value.DisposeAsync();
        }
        await Server.DisposeAsync();
    }
}

/// <summary>Whose WebSocket a client speaks by.</summary>
public enum ClientLibrary
{
    /// <summary>npm's <c>ws</c>.</summary>
    Ws,

    /// <summary>Python's <c>websockets</c>.</summary>
    WebSockets,

    /// <summary>npm's <c>socket.io-client</c>.</summary>
    SocketIo,
}
