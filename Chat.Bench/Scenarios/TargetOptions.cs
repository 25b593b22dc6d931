using System.CommandLine;
using System.CommandLine.Parsing;
using Chat.Bench.Faces;
using Chat.Bench.Servers;

namespace Chat.Bench.Scenarios;

/// <summary>Options that say which server is loaded, and what it is compared with.</summary>
internal sealed class TargetOptions
{
    private readonly Option<Uri?> _url = new("--url")
    {
        Description = "Loads the server there (https for TLS) instead of starting one. CPU and memory are then what its /metrics shows.",
        HelpName = "http://HOST:PORT",
        CustomParser = result => Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : Wrong<Uri?>(result, "--url takes an address that begins with http:// or https://."),
    };

    private readonly Option<string?> _secret = new("--secret-env") { Description = "With --url: the variable with the server's HS256 secret, by which tokens are made.", HelpName = "NAME" };

    private readonly Option<FileInfo?> _tokens = new("--tokens-file")
    {
        Description = "With --url: a file of tokens, one to a line, as `chat token --users N` prints. Without either the server's /dev/token is asked.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _database = new("--database")
    {
        Description = "PostgreSQL for the server that is started, and for signalr+postgres; else SQLite in a temporary folder. What is stored stays there, and PostgreSQL's own CPU is not counted.",
        HelpName = "postgresql://USER:PASSWORD@HOST/NAME",
    };

    private readonly Option<string[]> _set = new("--set") { Description = "A setting of the server that is started; may be repeated.", HelpName = "chat.KEY=VALUE", AllowMultipleArgumentsPerToken = false };

    private readonly Option<DirectoryInfo?> _data = new("--data") { Description = "The folder in which that server's data is kept while it runs (default: the system's temporary folder).", HelpName = "FOLDER" };

    private readonly Option<string> _face = new("--face") { Description = $"How the clients come in: {string.Join(", ", ChatFaces.Names)}.", HelpName = "FACE", DefaultValueFactory = _ => "native" };

    private readonly Option<string?> _compare = new("--compare")
    {
        Description = $"Runs these too, in turn with the server, and prints ratios: {string.Join(", ", Bench.Peers.Compared)}.",
        HelpName = "PEER,PEER",
    };

    public void AddTo(Command command, bool hasRemote, bool hasFaces, bool hasBaselines)
    {
        foreach (Option option in hasRemote ? new Option[] { _url, _secret, _tokens, _database, _set, _data } : [_database, _set, _data])
        {
            command.Add(option);
        }
        if (hasFaces)
        {
            command.Add(_face);
        }
        if (hasBaselines)
        {
            command.Add(_compare);
        }
        command.Validators.Add(Check);
    }

    public TargetSettings Read(ParseResult parsed) => new()
    {
        Url = parsed.GetValue(_url),
        Tokens = TokensOf(parsed),
        Database = parsed.GetValue(_database),
        Set = parsed.GetValue(_set) ?? [],
        DataFolder = parsed.GetValue(_data)?.FullName,
    };

    /// <summary>The chat server first; alone and over the native face in a command without these options.</summary>
    public IReadOnlyList<Peer> Peers(ParseResult parsed, TargetSettings target) =>
    [
        Bench.Peers.Chat(target, FaceOf(parsed)),
        .. Compared(parsed.GetValue(_compare)).Select(kind => Bench.Peers.Other(kind, target, FaceOf(parsed))),
    ];

    private Func<byte[], Face> FaceOf(ParseResult parsed) => ChatFaces.Find(parsed.GetValue(_face) ?? "native")!;

    private static string[] Compared(string? list) => list?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    private static T? Wrong<T>(ArgumentResult result, string text)
    {
        result.AddError(text);
        return default;
    }

    private Func<HttpClient, Tokens>? TokensOf(ParseResult parsed) =>
        parsed.GetValue(_secret) is { } name ? _ => Tokens.FromSecret(Environment.GetEnvironmentVariable(name)!)
        : parsed.GetValue(_tokens) is { } file ? _ => Tokens.FromFile(file)
        : null;

    private void Check(CommandResult result)
    {
        var isRemote = result.GetResult(_url) is not null;
        foreach (Option option in isRemote ? new Option[] { _database, _set, _data } : [_secret, _tokens])
        {
            if (result.GetResult(option) is not null && !(option == _database && result.GetResult(_compare) is not null))
            {
                result.AddError(isRemote ? $"{option.Name} is for a server that is started here, not for one at --url." : $"{option.Name} needs --url.");
            }
        }
        if (isRemote && result.GetResult(_secret)?.Tokens is [var name] && string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name.Value)))
        {
            result.AddError($"--secret-env: there is no variable {name.Value}.");
        }
        if (isRemote && result.GetResult(_tokens)?.Tokens is [var file] && !File.Exists(file.Value))
        {
            result.AddError($"--tokens-file: there is no file {file.Value}.");
        }
        if (result.GetResult(_face)?.Tokens is [var face] && ChatFaces.Find(face.Value) is null)
        {
            result.AddError($"--face takes one of {string.Join(", ", ChatFaces.Names)}.");
        }
        var compared = Compared(result.GetResult(_compare)?.Tokens is [var list] ? list.Value : null);
        if (compared.Except(Bench.Peers.Compared).FirstOrDefault() is { } unknown)
        {
            result.AddError($"--compare knows {string.Join(", ", Bench.Peers.Compared)}, not {unknown}.");
        }
        if (compared.Contains(Bench.Peers.SignalRPostgres) && result.GetResult(_database) is null)
        {
            result.AddError($"--compare {Bench.Peers.SignalRPostgres} needs --database.");
        }
    }
}
