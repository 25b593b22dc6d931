using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Chat.Bench.Load;
using Chat.Bench.Measure;

namespace Chat.Bench.Servers;

/// <summary>The server under load, started from here or elsewhere; or the nodes of one cluster.</summary>
internal sealed class Site : IAsyncDisposable
{
    /// <summary>A body may have 64 KiB by default: so many user ids fit.</summary>
    private const int MembersPerRequest = 1000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http;

    /// <summary>None for one that runs elsewhere.</summary>
    private ServerProcess[] _nodes;

    /// <param name="process">Null for one that runs elsewhere.</param>
    /// <param name="tokens">Null where nobody has to prove anything.</param>
    public Site(Uri address, ServerProcess? process, Func<HttpClient, Tokens>? tokens)
        : this(address, process is null ? [] : [process], tokens)
    {
    }

    /// <param name="nodes">Of one cluster.</param>
    public Site(ServerProcess[] nodes, Func<HttpClient, Tokens> tokens)
        : this(nodes[0].Address, nodes, tokens)
    {
    }

    private Site(Uri address, ServerProcess[] nodes, Func<HttpClient, Tokens>? tokens)
    {
        (Address, _nodes) = (address, nodes);
        _http = new HttpClient { BaseAddress = address };
        Tokens = tokens?.Invoke(_http);
    }

    /// <summary>Of the first node.</summary>
    public Uri Address { get; private set; }

    public Tokens? Tokens { get; }

    /// <summary>The newest lines of its log, where it was started from here.</summary>
    public string? Log => _nodes.FirstOrDefault()?.Log();

    /// <summary>Bytes that it has written to its folder, where it was started from here.</summary>
    public long DataSize => _nodes.Sum(node => node.DataSize);

    /// <summary>The node of a member's: they are spread evenly.</summary>
    public Uri AddressOf(int member) => _nodes.Length == 0 ? Address : _nodes[member % _nodes.Length].Address;

    public string UserId(int user) => Tokens?.UserId(user) ?? $"bench-{user}";

    /// <summary>What it has used; null where it does not show that.</summary>
    public async Task<ProcessUsage?> UsageAsync(CancellationToken cancellation)
    {
        if (_nodes.Length > 0)
        {
            return Array.Find(_nodes, node => node.Process.HasExited) is { } ended
                ? throw new BenchException($"The server has ended. It said:\n{ended.Log()}")
                : _nodes.Select(node => ProcessUsage.Of(node.Process)).Aggregate((sum, usage) => sum + usage);
        }
        try
        {
            var metrics = await _http.GetStringAsync(new Uri("/metrics", UriKind.Relative), cancellation);
            var cpu = Sum(metrics, "dotnet_process_cpu_time");
            var memory = Sum(metrics, "dotnet_process_memory_working_set");
            return cpu is null || memory is null ? null : new ProcessUsage(cpu.Value, (long)memory.Value);
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>Makes a session of the room's members; the first is its owner.</summary>
    /// <param name="body">What is asked for beside the members.</param>
    /// <param name="field">Of the answer, that is returned.</param>
    public async Task<string> CreateSessionAsync(Room room, JsonObject body, string field, CancellationToken cancellation)
    {
        var owner = room.Members[0];
        var others = room.Members.Skip(1).Select(member => member.UserId).Distinct().ToList();
        (body["title"], body["members"]) = ("bench", new JsonArray([.. others.Take(MembersPerRequest).Select(id => (JsonNode)id)]));
        using var answer = await PostAsync("/api/chat/sessions", owner.Token, body, cancellation);
        var session = answer.RootElement.GetProperty("session_id").GetString();
        foreach (var id in others.Skip(MembersPerRequest))
        {
            (await PostAsync($"/api/chat/sessions/{session}/members", owner.Token, new JsonObject { ["user_id"] = id }, cancellation)).Dispose();
        }
        return answer.RootElement.GetProperty(field).GetString()!;
    }

    /// <exception cref="BenchException">Refused.</exception>
    public Task<JsonDocument> PostAsync(string path, string? token, JsonObject body, CancellationToken cancellation) =>
        AskAsync(HttpMethod.Post, new Uri(Address, path), token, new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"), cancellation);

    /// <exception cref="BenchException">Refused.</exception>
    public Task<JsonDocument> GetAsync(string path, string? token, CancellationToken cancellation) => GetAsync(new Uri(Address, path), token, cancellation);

    /// <param name="address">May be another node's.</param>
    /// <exception cref="BenchException">Refused.</exception>
    public Task<JsonDocument> GetAsync(Uri address, string? token, CancellationToken cancellation) => AskAsync(HttpMethod.Get, address, token, null, cancellation);

    /// <summary>Returns when each node knows all of them and no other.</summary>
    /// <param name="admin">A token of that role.</param>
    /// <exception cref="BenchException">They do not come to.</exception>
    public async Task JoinedAsync(string admin, CancellationToken cancellation)
    {
        for (var begun = Stopwatch.GetTimestamp(); ; await Task.Delay(100, cancellation))
        {
            var known = await Task.WhenAll(_nodes.Select(async node =>
            {
                using var view = await GetAsync(new Uri(node.Address, "/api/admin/cluster"), admin, cancellation);
                return string.Join(' ', view.RootElement.GetProperty("nodes").EnumerateArray().Select(other => other.GetProperty("address").GetString()!.TrimEnd('/')).Order());
            }));
            var wanted = string.Join(' ', _nodes.Select(node => node.Address.ToString().TrimEnd('/')).Order());
            if (known.All(wanted.Equals))
            {
                return;
            }
            if (Stopwatch.GetElapsedTime(begun) > Patience)
            {
                throw new BenchException($"The nodes {wanted} do not find each other. They know {string.Join("; ", known)}");
            }
        }
    }

    /// <summary>Kills it, and starts it on the same data: no session is loaded then.</summary>
    public async Task RestartAsync(CancellationToken cancellation)
    {
        var nodes = _nodes;
        _nodes = [];
        foreach (var node in nodes)
        {
            _nodes = [.. _nodes, await node.RestartAsync(cancellation)];
        }
        Address = _nodes[0].Address;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    private async Task<JsonDocument> AskAsync(HttpMethod method, Uri address, string? token, HttpContent? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, address)
        {
            Content = body,
            Headers = { Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token) },
        };
        using var answer = await _http.SendAsync(request, cancellation);
        var text = await answer.Content.ReadAsStringAsync(cancellation);
        return answer.IsSuccessStatusCode ? JsonDocument.Parse(text) : throw new BenchException($"{address.PathAndQuery} answered {(int)answer.StatusCode}: {text}");
    }

    /// <summary>Over all series of a name, whatever its unit's suffix; null where there is none.</summary>
    private static double? Sum(string metrics, string name)
    {
        var values = metrics.Split('\n')
            .Where(line => line.StartsWith(name, StringComparison.Ordinal))
            .Select(line => double.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture))
            .ToList();
        return values.Count == 0 ? null : values.Sum();
    }
}
