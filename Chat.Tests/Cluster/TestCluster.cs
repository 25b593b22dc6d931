using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Chat.Actors.Cluster;
using Chat.Actors.Persistence;
using Chat.Host.Auth;
using Chat.Host.Configuration;
using Chat.Tests.Support;
using StackExchange.Redis;

namespace Chat.Tests.Cluster;

/// <summary>Marks a class whose tests need PostgreSQL and Redis on this machine.</summary>
public sealed class RequiresClusterAttribute : RequiresAttribute
{
    public override string? Missing => PostgresServer.Missing ?? RedisServer.Missing;
}

/// <summary>Several processes of the real program over a PostgreSQL and a Redis of their own, each of which can be stopped and started again.</summary>
public sealed class TestCluster : IAsyncDisposable
{
    /// <summary>Nothing here takes so long unless it is broken.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly PostgresDatabase _database;
    private ConnectionMultiplexer _redis = null!;

    private TestCluster(PostgresServer postgres, PostgresDatabase database, RedisServer redis, int nodes, NodeNetworks? networks)
    {
        (Postgres, _database, Redis, Networks) = (postgres, database, redis, networks);
        Nodes = [.. Enumerable.Range(0, nodes).Select(number => new TestNode(this, number, ChatProcess.FreePort()))];
    }

    /// <summary>Of the nodes' actors, where Akka.NET is the engine.</summary>
    internal string AkkaSeeds => JsonSerializer.Serialize(Nodes.Select(node => $"{node.Host}:{node.AkkaPort}"));

    public PostgresServer Postgres { get; }
    public RedisServer Redis { get; }
    public IReadOnlyList<TestNode> Nodes { get; }

    internal string DatabaseUrl => _database.Url;

    /// <summary>The nodes' own, with which each can be cut off; null where all share this process's.</summary>
    internal NodeNetworks? Networks { get; }

    /// <summary>What a node is given.</summary>
    internal (string Database, string Redis) UrlsOfNodes =>
        Networks is { } networks ? (_database.UrlAt(networks.Postgres), Redis.UrlAt(networks.Redis)) : (_database.Url, Redis.Url);

    public static Task<TestCluster> StartAsync(int nodes) => StartAsync(nodes, networks: null);

    /// <summary>Nodes in networks of their own, which are removed with the cluster. They run in production mode, since development listens on loopback only.</summary>
    internal static Task<TestCluster> StartApartAsync(int nodes) => StartAsync(nodes, NodeNetworks.Create(nodes));

    private static async Task<TestCluster> StartAsync(int nodes, NodeNetworks? networks)
    {
        var postgres = await PostgresServer.StartOwnAsync(networks?.Postgres);
        var cluster = new TestCluster(postgres, await postgres.CreateDatabaseAsync(), await RedisServer.StartAsync(networks?.Redis), nodes, networks);
        cluster._redis = await cluster.Redis.ConnectAsync();
        try
        {
            await Task.WhenAll(cluster.Nodes.Select(node => node.StartAsync()));
            await cluster.JoinedAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>The node that all the others name as the session's home.</summary>
    public async Task<TestNode> HomeOfAsync(string session)
    {
        Dictionary<string, TestNode> names = [];
        await UntilAsync(async () => (names = await NamesAsync()).Count == Nodes.Count(node => node.IsRunning));
        return names[Rendezvous.HomeOf(session, [.. names.Keys])!];
    }

    /// <summary>A session of this kind of name that is at home on the node.</summary>
    public async Task<string> SessionAtAsync(TestNode node, string prefix)
    {
        var names = await NamesAsync();
        return Enumerable.Range(0, 1000).Select(i => $"{prefix}-{i}").First(session => names[Rendezvous.HomeOf(session, [.. names.Keys])!] == node);
    }

    /// <summary>Until every living node sees all of them and no other.</summary>
    public Task JoinedAsync() => UntilAsync(async () =>
    {
        var names = await NamesAsync();
        var wanted = string.Join(", ", names.Keys.Order(StringComparer.Ordinal));
        return names.Count == Nodes.Count(node => node.IsRunning) && names.Values.All(node => node.Sees == wanted)
            && (!TestEngine.IsAkka || await AreReadyAsync(names.Values));
    }, () => string.Join('\n', Nodes.Select(node => $"{node}: {node.Sees}\n{node.Output}")));

    /// <summary>Members of Akka.NET's own cluster too.</summary>
    private static async Task<bool> AreReadyAsync(IEnumerable<TestNode> nodes) =>
        (await Task.WhenAll(nodes.Select(node => node.SendAsync(HttpMethod.Get, "/health/ready", "owner")))).All(answer => answer is not null);

    public static async Task UntilAsync(Func<Task<bool>> condition, Func<string>? state = null)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await HoldsAsync(condition))
        {
            if (patience.IsCancellationRequested)
            {
                throw new TimeoutException(state?.Invoke() ?? "It did not come about");
            }
            await Task.Delay(20);
        }
    }

    private static async Task<bool> HoldsAsync(Func<Task<bool>> condition)
    {
        try
        {
            return await condition();
        }
        catch (Exception e) when (e is RedisException or TimeoutException or Npgsql.NpgsqlException)
        {
            // What was asked comes back itself.
            return false;
        }
    }

    /// <summary>The session's whole log.</summary>
    public async Task<List<StoredEvent>> LogAsync(string session)
    {
        await using var journal = PostgresJournal.Open(DatabaseUrl, 2, TimeProvider.System);
        var events = new List<StoredEvent>();
        while (await journal.ReadAsync(session, events.Count, 1000, default) is { Count: > 0 } page)
        {
            events.AddRange(page);
        }
        return events;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
        {
            await node.DisposeAsync();
        }
        _redis.Dispose();
        await Redis.DisposeAsync();
        await Postgres.RemoveAsync();
        Networks?.Dispose();
    }

    /// <summary>As announced in Redis.</summary>
    private async Task<Dictionary<string, TestNode>> NamesAsync()
    {
        var database = _redis.GetDatabase();
        var names = new Dictionary<string, TestNode>(StringComparer.Ordinal);
        foreach (var name in (await database.SetMembersAsync("chat:nodes")).Select(name => (string)name!))
        {
            if ((byte[]?)await database.StringGetAsync("chat:node:" + name) is { } announced)
            {
                // MAC, number, and the name with its length come before it.
                using var json = JsonDocument.Parse(announced.AsMemory(16 + 8 + 1 + announced[24]));
                var port = new Uri(json.RootElement.GetProperty("address").GetString()!).Port;
                if (Nodes.FirstOrDefault(node => node.Port == port && node.IsRunning) is { } node && !json.RootElement.GetProperty("is_draining").GetBoolean())
                {
                    names[name] = node;
                }
            }
        }
        return names;
    }
}

/// <summary>One process of a cluster, which comes back on the port that it had.</summary>
public sealed partial class TestNode(TestCluster cluster, int number, int port) : IAsyncDisposable
{
    private static readonly JwtOptions Keys = new() { SecretKey = "the key of a cluster that is in production only for its tests" };

    private ChatProcess? _process;

    public int Port => port;

    public bool IsRunning => _process is not null;

    public string Output => _process is { } process ? process.Output + process.Error : "";

    /// <summary>The nodes that this one knows of, by name.</summary>
    public string? Sees => Nodes().Matches(_process?.Output ?? "").LastOrDefault()?.Groups[1].Value;

    /// <summary>Where clients reach it.</summary>
    public string Authority => $"{Host}:{port}";

    internal int AkkaPort { get; } = ChatProcess.FreePort();

    internal string Host => cluster.Networks?.AddressOf(number) ?? "127.0.0.1";

    public async Task StartAsync()
    {
        var environment = new Dictionary<string, string>
        {
            ["CHAT_CONFIG"] = "development",
            ["SERVICE_PORT"] = port.ToString(CultureInfo.InvariantCulture),
            ["CHAT_NODE_ADDRESS"] = $"http://{Authority}",
            ["DATABASE_URL"] = cluster.UrlsOfNodes.Database,
            ["REDIS_URL"] = cluster.UrlsOfNodes.Redis,
            ["DEV_AUTO_AGENT"] = "0",
            ["STREAM_DELAY_MS"] = "5",
            ["LOG_LEVEL"] = "INFO",
        };
        if (TestEngine.IsAkka)
        {
            environment["CHAT_AKKA_HOST"] = Host;
            environment["CHAT_AKKA_PORT"] = AkkaPort.ToString(CultureInfo.InvariantCulture);
            environment["CHAT_AKKA_SEEDS"] = cluster.AkkaSeeds;
        }
        if (cluster.Networks is null)
        {
            _process = await ChatProcess.ServeAsync(environment);
            return;
        }
        environment["CHAT_CONFIG"] = "production";
        environment["CHAT_HOSTS"] = JsonSerializer.Serialize(new[] { Host });
        environment["JWT_SECRET_KEY"] = Keys.SecretKey;
        environment["RATE_LIMIT_ENABLED"] = "false";
        // All clients come from one address, and come again and again.
        _process = await ChatProcess.ServeWithinAsync(NodeNetworks.Within(number), environment, "--set", "chat.participants.requests-per-minute=100000");
    }

    /// <summary>Cuts its lines, until <see cref="Mend"/>. Its clients and the other nodes reach it as before.</summary>
    internal void Cut(Peers peers) => NodeNetworks.Cut(number, peers);

    internal void Mend(Peers peers) => NodeNetworks.Mend(number, peers);

    /// <summary>As <c>kill -9</c>.</summary>
    public async Task KillAsync()
    {
        if (_process is { } process)
        {
            _process = null;
            await process.DisposeAsync();
        }
    }

    /// <summary>As SIGTERM.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> StopAsync()
    {
        var process = _process!;
        _process = null;
        var code = await process.StopAsync();
        await process.DisposeAsync();
        return code;
    }

    public Task PauseAsync() => _process!.PauseAsync();

    public Task ContinueAsync() => _process!.ContinueAsync();

    /// <param name="path">With a slash.</param>
    public Uri SocketUri(string path) => new($"ws://{Authority}{path}");

    /// <param name="path">With a slash; its query is added to.</param>
    public Uri SocketUri(string path, string user) => SocketUri($"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}token={TokenOf(user)}");

    /// <summary>One that the cluster's nodes take.</summary>
    public string TokenOf(string user) => cluster.Networks is null
        ? ChatProcess.DevelopmentToken(user)
        : new TokenIssuer(Keys, TimeProvider.System).Issue(user, null, Roles.None, TimeSpan.FromHours(1));

    /// <returns>The answer's JSON; null where the node did not accept.</returns>
    public async Task<JsonElement?> SendAsync(HttpMethod method, string path, string user, object? body = null)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        using var request = new HttpRequestMessage(method, $"http://{Authority}{path}") { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", TokenOf(user));
        try
        {
            using var answer = await client.SendAsync(request);
            return answer.IsSuccessStatusCode ? await answer.Content.ReadFromJsonAsync<JsonElement>() : null;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync() => await KillAsync();

    public override string ToString() => $"node on {port}{(IsRunning ? "" : " (gone)")}";

    [GeneratedRegex("""The cluster.{1,8}s nodes: (?!\{)([^"\n]*)""")]
    private static partial Regex Nodes();
}
