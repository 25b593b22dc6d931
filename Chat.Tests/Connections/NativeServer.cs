using Chat.Tests.Support;

namespace Chat.Tests.Connections;

/// <summary>A server in production mode for the tests of one class; each test makes sessions of its own.</summary>
public sealed class NativeServer : IAsyncLifetime
{
    public TestServer Server { get; private set; } = null!;

    public async Task InitializeAsync() => Server = await TestServer.StartAsync();

    public async Task DisposeAsync() => await Server.DisposeAsync();
}
