using System.CommandLine;
using System.Net.Http.Headers;
using System.Text.Json;
using Chat.Host.Auth;
using Chat.Host.Configuration;

namespace Chat.Host.Cli;

/// <summary><c>chat cluster</c>: asks a running node about all of them, or makes one stop.</summary>
internal sealed class ClusterCommand : Command
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly ConfigurationChoice _configuration;

    private readonly Option<string?> _address = new("--address")
    {
        Description = "A node, or what is in front of them; this machine's service.port where nothing is said.",
        HelpName = "http://HOST:PORT",
        Recursive = true,
    };

    private readonly Option<string?> _token = new("--token")
    {
        Description = "A token with the role admin; where nothing is said, one is made with the configuration's key.",
        HelpName = "TOKEN",
        Recursive = true,
    };

    private readonly Argument<string> _node = new("NODE") { Description = "Its name, as status shows it." };

    public ClusterCommand(ConfigurationChoice configuration)
        : base("cluster", "Shows the nodes of a running cluster, and stops them one by one.")
    {
        _configuration = configuration;
        _address.Validators.Add(result =>
        {
            if (result.Tokens is [var text] && OptionsChecks.Address(text.Value) is { } wrong)
            {
                result.AddError($"--address {wrong}.");
            }
        });
        Add(_address);
        Add(_token);
        var status = new Command("status", "Shows every node: what it has, its bus and its commits.");
        status.SetAction((parsed, cancellation) => SendAsync(parsed, HttpMethod.Get, "/api/admin/cluster", Show, cancellation));
        var drain = new Command("drain", "Makes a node hand over what it has, close its sockets and end.") { _node };
        drain.SetAction((parsed, cancellation) => SendAsync(
            parsed, HttpMethod.Post, $"/api/admin/cluster/nodes/{Uri.EscapeDataString(parsed.GetRequiredValue(_node))}/drain",
            answer => Console.WriteLine(answer.GetProperty("message").GetString()), cancellation));
        Add(status);
        Add(drain);
    }

    private async Task<int> SendAsync(ParseResult parsed, HttpMethod method, string path, Action<JsonElement> show, CancellationToken cancellation)
    {
        var options = _configuration.Load(parsed);
        if (TokenOf(parsed, options) is not { } token)
        {
            return ChatCommandLine.Refuse($"Tokens are made elsewhere (chat.jwt.algorithm is {options.Jwt.Algorithm}): give one with the role admin by --token.");
        }
        var address = new Uri(parsed.GetValue(_address) ?? $"{(options.Service.UseSsl ? "https" : "http")}://localhost:{options.Service.Port}");
        using var http = new HttpClient { BaseAddress = address, Timeout = Timeout };
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        try
        {
            using var answer = await http.SendAsync(request, cancellation);
            using var body = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancellation));
            if (!answer.IsSuccessStatusCode)
            {
                return ChatCommandLine.Refuse($"{address} says: {body.RootElement.GetProperty("detail").GetString()}");
            }
            show(body.RootElement);
            return ChatCommandLine.Ok;
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or TaskCanceledException && !cancellation.IsCancellationRequested)
        {
            return ChatCommandLine.Refuse($"{address} does not answer as a node would: {e.Message}");
        }
    }

    private string? TokenOf(ParseResult parsed, ChatOptions options)
    {
        var issuer = new TokenIssuer(options.Jwt, TimeProvider.System);
        return parsed.GetValue(_token) ?? (issuer.CanIssue ? issuer.Issue("operator", null, Roles.Admin, TimeSpan.FromMinutes(1)) : null);
    }

    private static void Show(JsonElement cluster)
    {
        var rows = cluster.GetProperty("nodes").EnumerateArray().Select(node =>
        {
            var report = node.GetProperty("report");
            string Of(string name) => report.ValueKind == JsonValueKind.Null || report.GetProperty(name).ValueKind == JsonValueKind.Null
                ? "-"
                : report.GetProperty(name).ToString();
            return new[]
            {
                node.GetProperty("name").GetString()!,
                node.GetProperty("address").GetString()!,
                node.GetProperty("started_at").GetString()!,
                report.ValueKind == JsonValueKind.Null ? "silent" : node.GetProperty("is_draining").GetBoolean() ? "draining" : "up",
                Of("sessions_homed") + "/" + Of("sessions_loaded"),
                Of("connections"),
                Of("bus_is_up") == "True" ? Of("bus_lag_ms") : "down",
                Of("commits"),
                Of("commit_mean_ms"),
                Of("commit_p99_ms"),
            };
        }).ToList();
        Table.Write(Console.Out, ["NODE", "ADDRESS", "STARTED", "STATE", "HOME/LOADED", "SOCKETS", "BUS MS", "COMMITS", "MEAN MS", "P99 MS"], rows);
    }
}
