using System.Security.Cryptography;
using Chat.Bench.Baselines;
using Chat.Bench.Faces;
using Chat.Bench.Servers;

namespace Chat.Bench;

/// <summary>Who is under load: the chat server, or a baseline.</summary>
/// <param name="IsBaseline">Its faults are counted, but fail nothing.</param>
internal sealed record Peer(string Name, bool IsBaseline, Func<byte[], Face> Face, Func<CancellationToken, Task<Site>> StartAsync);

/// <summary>The peers of a command line.</summary>
internal static class Peers
{
    public const string Kestrel = "kestrel", SignalR = "signalr", SignalRPostgres = "signalr+postgres";

    public static readonly string[] Baselines = [Kestrel, SignalR, SignalRPostgres];

    public static Peer Chat(TargetSettings target, Func<byte[], Face> face) => new("chat", false, face, cancellation => StartChatAsync(target, cancellation));

    public static Peer Baseline(string kind, TargetSettings target) => new(
        kind,
        true,
        kind == Kestrel ? marker => new PlainFace(marker) : marker => new SignalRFace(marker),
        cancellation => StartBaselineAsync(kind, target, cancellation));

    /// <summary>What is changed of the server's defaults, for the report to say.</summary>
    public static IReadOnlyList<string> ChatSettings(TargetSettings target) =>
    [
        "--mode", "production", "--port", "0",
        "--set", "chat.service.address=127.0.0.1",
        "--set", "chat.rate-limit.messages-per-minute=1000000",
        "--set", "chat.participants.requests-per-minute=0",
        "--set", "chat.websocket.max-connections=100000",
        .. target.Set.SelectMany(pair => new[] { "--set", pair }),
    ];

    private static async Task<Site> StartChatAsync(TargetSettings target, CancellationToken cancellation)
    {
        if (target.Url is { } url)
        {
            return new Site(url, null, target.Tokens ?? Tokens.FromServer);
        }
        var secret = Convert.ToHexString(RandomNumberGenerator.GetBytes(32));
        var environment = new Dictionary<string, string?> { ["JWT_SECRET_KEY"] = secret, ["CHAT_CONFIG"] = null, ["DATABASE_URL"] = target.Database };
        var server = await ServerProcess.StartAsync(Program("chat.dll"), ["serve", .. ChatSettings(target)], environment, target.DataFolder, cancellation);
        return new Site(server.Address, server, _ => Tokens.FromSecret(secret));
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
