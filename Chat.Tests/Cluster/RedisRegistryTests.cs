using Chat.Actors.Cluster;
using Chat.Protocol;
using Chat.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace Chat.Tests.Cluster;

[RequiresRedis]
public sealed class RedisRegistryTests : IAsyncLifetime
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private static readonly RedisRegistryOptions Quick = new() { Interval = TimeSpan.FromMilliseconds(50), TimeToLive = TimeSpan.FromSeconds(2) };

    private readonly List<RedisConnection> _connections = [];
    private readonly List<RedisRegistry> _registries = [];
    private RedisServer _redis = null!;

    public async Task InitializeAsync() => _redis = await RedisServer.StartAsync();

    public async Task DisposeAsync()
    {
        foreach (var registry in _registries)
        {
            await registry.DisposeAsync();
        }
        foreach (var connection in _connections)
        {
            await connection.DisposeAsync();
        }
        await _redis.DisposeAsync();
    }

    [ContractFact]
    public async Task Nodes_come_to_know_each_other_and_name_the_same_homes()
    {
        var (a, b) = (await JoinAsync("a"), await JoinAsync("b"));
        await SeesAsync(a, "a b");
        await SeesAsync(b, "a b");
        var homes = Enumerable.Range(0, 100).Select(i => new SessionId($"s{i}")).Select(session => (a.HomeOf(session), b.HomeOf(session))).ToList();
        Assert.All(homes, home => Assert.Equal(home.Item1, home.Item2));
        Assert.Equal(2, homes.Distinct().Count());
    }

    [ContractFact]
    public async Task Nothing_is_at_home_on_a_node_that_drains_and_it_is_gone_when_it_has_left()
    {
        var (a, b) = (await JoinAsync("a"), await JoinAsync("b"));
        await SeesAsync(a, "a b");
        await b.DrainAsync();
        await SeesAsync(a, "a b!");
        Assert.All(Enumerable.Range(0, 100), i => Assert.Equal("a", a.HomeOf(new SessionId($"s{i}"))));
        await b.DisposeAsync();
        _registries.Remove(b);
        await SeesAsync(a, "a");
    }

    [ContractFact]
    public async Task A_node_that_says_nothing_any_more_is_gone()
    {
        var a = await JoinAsync("a");
        var (b, link) = await JoinWithLinkAsync("b");
        await SeesAsync(a, "a b");
        _connections.Remove(link);
        await link.DisposeAsync();
        await SeesAsync(a, "a");
        Assert.Equal("b", b.Self);
    }

    [ContractFact]
    public async Task A_Redis_that_comes_back_empty_takes_no_node_away()
    {
        var registries = new[] { await JoinAsync("a"), await JoinAsync("b"), await JoinAsync("c") };
        foreach (var registry in registries)
        {
            await SeesAsync(registry, "a b c");
        }
        var changes = 0;
        foreach (var registry in registries)
        {
            registry.Changed += () => Interlocked.Increment(ref changes);
        }
        await _redis.StopAsync();
        await _redis.StartAgainAsync();
        var database = (await ConnectAsync("looker")).Database;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await database.SetLengthAsync("chat:nodes") < 3)
        {
            await Task.Delay(5, patience.Token);
        }
        Assert.All(registries, registry => Assert.Equal("a b c", Names(registry)));
        Assert.Equal(0, changes);
    }

    [ContractFact]
    public async Task A_node_with_another_key_is_none()
    {
        var a = await JoinAsync("a");
        var stranger = new RedisRegistry(await ConnectAsync("x"), Info("x"), [.. Key.Reverse()], Versions(), Quick, TimeProvider.System, NullLogger.Instance);
        _registries.Add(stranger);
        await JoinAsync("b");
        await SeesAsync(a, "a b");
        Assert.Equal("x", Names(stranger));
    }

    [ContractFact]
    public async Task A_node_whose_Redis_says_nothing_ends_all_the_same()
    {
        var time = new ManualTime();
        Assert.True(RedisConnection.TryParse(_redis.Url, out var options));
        // The connection itself has nothing against silence.
        options.ResponseTimeout = options.SyncTimeout = 60_000;
        var link = await RedisConnection.OpenAsync(options, TimeProvider.System, NullLogger.Instance);
        _connections.Add(link);
        var registry = new RedisRegistry(link, Info("a"), Key, Versions(), Quick, time, NullLogger.Instance);
        // Between two words of it.
        await time.ArmedAsync(Quick.Interval);
        await _redis.PauseAsync();
        try
        {
            var draining = registry.DrainAsync();
            await time.PassAsync(RedisAnswers.Patience);
            await draining.WaitAsync(NativeClient.Timeout);
            // Its next word, which was due meanwhile.
            await time.PassAsync(RedisAnswers.Patience);
            await time.ArmedAsync(Quick.Interval);
            var ending = registry.DisposeAsync().AsTask();
            await time.PassAsync(RedisAnswers.Patience);
            await ending.WaitAsync(NativeClient.Timeout);
        }
        finally
        {
            await _redis.ContinueAsync();
        }
    }

    private static string Names(RedisRegistry registry) => string.Join(' ', registry.Nodes.Select(node => node.Name + (node.IsDraining ? "!" : "")));

    private static async Task SeesAsync(RedisRegistry registry, string names)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (Names(registry) != names)
        {
            await Task.Delay(5, patience.Token);
        }
    }

    private async Task<RedisRegistry> JoinAsync(string name) => (await JoinWithLinkAsync(name)).Registry;

    private async Task<(RedisRegistry Registry, RedisConnection Link)> JoinWithLinkAsync(string name)
    {
        var link = await ConnectAsync(name);
        var registry = new RedisRegistry(link, Info(name), Key, Versions(), Quick, TimeProvider.System, NullLogger.Instance);
        _registries.Add(registry);
        return (registry, link);
    }

    private async Task<RedisConnection> ConnectAsync(string name)
    {
        var connection = await RedisConnection.OpenAsync(_redis.Url, name, TimeProvider.System, NullLogger.Instance);
        _connections.Add(connection);
        return connection;
    }

    private static EventVersions Versions() => new(new EventCodec(), TimeSpan.FromSeconds(60), TimeProvider.System, NullLogger.Instance);

    private static NodeInfo Info(string name) => new(name, $"http://{name}", ManualTime.Start, IsDraining: false);
}
