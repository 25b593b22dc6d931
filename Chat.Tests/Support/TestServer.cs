using Chat.Host;
using Chat.Host.Auth;
using Chat.Host.Configuration;
using Chat.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Chat.Tests.Support;

/// <summary>The real server in this process, on a free port of loopback, with its data in a folder of its own.</summary>
public sealed class TestServer : IAsyncDisposable
{
    /// <summary>Long enough for production mode.</summary>
    public const string Secret = "a secret of the tests, of more than 32 bytes";

    private readonly WebApplication _app;
    private readonly string? _ownFolder;

    private TestServer(WebApplication app, ChatOptions options, string? ownFolder)
    {
        _app = app;
        Options = options;
        _ownFolder = ownFolder;
        Address = new Uri(app.Urls.First());
        Http = new HttpClient { BaseAddress = Address };
    }

    public ChatOptions Options { get; }
    public Uri Address { get; }
    public HttpClient Http { get; }
    public IServiceProvider Services => _app.Services;
    public ChatNode Node => Services.GetRequiredService<ChatNode>();

    /// <param name="configure">Changes the defaults of a test: production mode, loopback, echo agent, no pause between chunks, no thumbnails.</param>
    /// <param name="events">What another build than this one reads and writes.</param>
    public static async Task<TestServer> StartAsync(Func<ChatOptions, ChatOptions>? configure = null, TimeProvider? time = null, EventCodec? events = null)
    {
        var folder = Path.Combine(Path.GetTempPath(), "chat-tests-" + Guid.NewGuid().ToString("N"));
        var options = new ChatOptions
        {
            Engine = TestEngine.Value,
            Mode = ChatMode.Production,
            Service = new ServiceOptions { Address = "127.0.0.1", Port = 0, ShutdownTimeout = TimeSpan.FromSeconds(2) },
            Storage = new StorageOptions { DataPath = folder },
            Cluster = new ClusterOptions { LeaveTime = TimeSpan.Zero },
            Jwt = new JwtOptions { SecretKey = Secret },
            Stream = new StreamOptions { Delay = TimeSpan.Zero },
            Agents = [new AgentOptions { Id = 1, Name = "Echo" }],
            // Each start would look for libvips.
            Files = new FilesOptions { Thumbnails = new ThumbnailOptions { Enabled = false } },
        };
        options = configure?.Invoke(options) ?? options;
        var app = await ChatServer.BuildAsync(options, time: time, events: events);
        await app.StartAsync();
        return new TestServer(app, options, options.Storage.DataPath == folder ? folder : null);
    }

    /// <summary>A token of this server for a user.</summary>
    public string Token(string user, Roles roles = Roles.None, TimeSpan? lifetime = null) =>
        Services.GetRequiredService<TokenIssuer>().Issue(user, user, roles, lifetime ?? TimeSpan.FromHours(1));

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        if (_ownFolder is not null)
        {
            Directory.Delete(_ownFolder, recursive: true);
        }
    }
}
