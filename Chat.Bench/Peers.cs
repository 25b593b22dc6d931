using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Chat.Bench.Baselines;
using Chat.Bench.Faces;
using Chat.Bench.Servers;
using Chat.Host.Auth;
using Chat.Host.Configuration;

namespace Chat.Bench;

/// <summary>Who is under load: the chat server, or a baseline.</summary>
/// <param name="IsBaseline">Its faults are counted, but fail nothing.</param>
internal sealed record Peer(string Name, bool IsBaseline, Func<byte[], Face> Face, Func<CancellationToken, Task<Site>> StartAsync);

/// <summary>The peers of a command line.</summary>
internal static class Peers
{
    public const string Kestrel = "kestrel", KestrelFile = "kestrel+file", SignalR = "signalr", SignalRSqlite = "signalr+sqlite", SignalRPostgres = "signalr+postgres";

    /// <summary>The chat server over its other engine, in builds that have it.</summary>
    public const string Akka = "akka";

    public static readonly string[] Compared = [Kestrel, KestrelFile, SignalR, SignalRSqlite, SignalRPostgres, Akka];

    public static Peer Chat(TargetSettings target, Func<byte[], Face> face) => new("chat", false, face, cancellation => StartChatAsync(target, cancellation));

    /// <param name="kind">Of <see cref="Compared"/>.</param>
    /// <param name="face">The chat server's.</param>
    public static Peer Other(string kind, TargetSettings target, Func<byte[], Face> face) =>
        kind == Akka ? Chat(target with { Set = ["chat.engine=akka", .. target.Set] }, face) with { Name = Akka } : Baseline(kind, target);

    private static Peer Baseline(string kind, TargetSettings target) => new(
        kind,
        true,
        kind is Kestrel or KestrelFile ? marker => new PlainFace(marker) : marker => new SignalRFace(marker),
        cancellation => StartBaselineAsync(kind, target, cancellation));

    /// <summary>What is changed of the server's defaults, for the report to say.</summary>
    /// <param name="port">0 takes any that is free.</param>
    public static IReadOnlyList<string> ChatSettings(TargetSettings target, int port = 0) =>
    [
        "--mode", "production", "--port", $"{port}",
        "--set", "chat.service.address=127.0.0.1",
        "--set", "chat.rate-limit.messages-per-minute=1000000",
        "--set", "chat.participants.requests-per-minute=0",
        "--set", "chat.websocket.max-connections=100000",
        .. target.Set.SelectMany(pair => new[] { "--set", pair }),
    ];

    /// <summary>Nodes of one cluster; returns when each knows all of them and no other, such as those of a cluster that was killed.</summary>
    public static async Task<Site> StartClusterAsync(TargetSettings target, string redis, int nodes, CancellationToken cancellation)
    {
        var secret = NewSecret();
        List<ServerProcess> started = [];
        try
        {
            while (started.Count < nodes)
            {
                var port = FreePort();
                var environment = new Dictionary<string, string?> { ["REDIS_URL"] = redis, ["CHAT_NODE_ADDRESS"] = $"http://127.0.0.1:{port}" };
                started.Add(await StartNodeAsync(target, secret, port, environment, cancellation));
            }
            var site = new Site([.. started], _ => Tokens.FromSecret(secret));
            await site.JoinedAsync(new TokenIssuer(new JwtOptions { SecretKey = secret }, TimeProvider.System).Issue("bench-admin", null, Roles.Admin, TimeSpan.FromDays(1)), cancellation);
            return site;
        }
        catch
        {
            foreach (var node in started)
            {
                await node.DisposeAsync();
            }
            throw;
        }
    }

    private static async Task<Site> StartChatAsync(TargetSettings target, CancellationToken cancellation)
    {
        if (target.Url is { } url)
        {
            return new Site(url, null, target.Tokens ?? Tokens.FromServer);
        }
        var secret = NewSecret();
        var server = await StartNodeAsync(target, secret, 0, [], cancellation);
        return new Site(server.Address, server, _ => Tokens.FromSecret(secret));
    }

    private static Task<ServerProcess> StartNodeAsync(TargetSettings target, string secret, int port, Dictionary<string, string?> environment, CancellationToken cancellation)
    {
        (environment["JWT_SECRET_KEY"], environment["CHAT_CONFIG"], environment["DATABASE_URL"]) = (secret, null, target.Database);
        return ServerProcess.StartAsync(Program("chat.dll"), ["serve", .. ChatSettings(target, port)], environment, target.DataFolder, cancellation);
    }

    private static string NewSecret() => Convert.ToHexString(RandomNumberGenerator.GetBytes(32));

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task<Site> StartBaselineAsync(string kind, TargetSettings target, CancellationToken cancellation)
    {
        // As a project of the Web SDK has it by default; this program itself is none.
        var environment = new Dictionary<string, string?> { ["DOTNET_gcServer"] = "1", [BaselineCommand.Database] = target.Database };
        var server = await ServerProcess.StartAsync(Program("Chat.Bench.dll"), [BaselineCommand.Name, kind], environment, target.DataFolder, cancellation);
        return new Site(server.Address, server, null);
    }

    /// <summary>Beside this program, with the settings of its runtime; or the server that CHAT_PROGRAM names, as for ./run.</summary>
    private static string Program(string name)
    {
        var beside = Path.Combine(AppContext.BaseDirectory, name);
        return Environment.GetEnvironmentVariable("CHAT_PROGRAM") is { Length: > 0 } own && Path.GetFileName(own) == name ? own : beside;
    }
}

/// <summary>Which server, and what it is started with.</summary>
internal sealed record TargetSettings
{
    /// <summary>Null starts one.</summary>
    public Uri? Url { get; init; }

    public Func<HttpClient, Tokens>? Tokens { get; init; }
    public string? Database { get; init; }

    /// <summary>Keys of its configuration, <c>chat.KEY=VALUE</c>.</summary>
    public IReadOnlyList<string> Set { get; init; } = [];

    public string? DataFolder { get; init; }
}
