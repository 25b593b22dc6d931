using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Chat.Bench.Load;
using Chat.Bench.Measure;

namespace Chat.Bench.Servers;

/// <summary>The server under load, started from here or elsewhere.</summary>
internal sealed class Site : IAsyncDisposable
{
    /// <summary>A body may have 64 KiB by default: so many user ids fit.</summary>
    private const int MembersPerRequest = 1000;

    private readonly ServerProcess? _process;
    private readonly HttpClient _http;

    /// <param name="process">Null for one that runs elsewhere.</param>
    /// <param name="tokens">Null where nobody has to prove anything.</param>
    public Site(Uri address, ServerProcess? process, Func<HttpClient, Tokens>? tokens)
    {
        Address = address;
        _process = process;
        _http = new HttpClient { BaseAddress = address };
        Tokens = tokens?.Invoke(_http);
    }

    public Uri Address { get; }

    public Tokens? Tokens { get; }

    /// <summary>The newest lines of its log, where it was started from here.</summary>
    public string? Log => _process?.Log();

    public string UserId(int user) => Tokens?.UserId(user) ?? $"bench-{user}";

    /// <summary>What it has used; null where it does not show that.</summary>
    public async Task<ProcessUsage?> UsageAsync(CancellationToken cancellation)
    {
        if (_process is not null)
        {
            return _process.Process.HasExited ? throw new BenchException($"The server has ended. It said:\n{Log}") : ProcessUsage.Of(_process.Process);
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
    public async Task<JsonDocument> PostAsync(string path, string? token, JsonObject body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative))
        {
            Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"),
            Headers = { Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token) },
        };
        using var answer = await _http.SendAsync(request, cancellation);
        var text = await answer.Content.ReadAsStringAsync(cancellation);
        return answer.IsSuccessStatusCode ? JsonDocument.Parse(text) : throw new BenchException($"{path} answered {(int)answer.StatusCode}: {text}");
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await (_process?.DisposeAsync() ?? default);
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
