using Chat.Host.Configuration;
using Chat.Protocol;

namespace Chat.Tests.Support;

/// <summary>Marks a class whose tests need PostgreSQL and Redis.</summary>
public sealed class RequiresRedisAndPostgresAttribute : RequiresAttribute
{
    public override string? Missing => PostgresServer.Missing ?? RedisServer.Missing;
}

/// <summary>Two nodes of one cluster in this process, for a class of tests.</summary>
public class TwoNodes : IAsyncLifetime
{
    private PostgresDatabase _database = null!;

    public RedisServer Redis { get; private set; } = null!;
    public TestServer A { get; private set; } = null!;
    public TestServer B { get; private set; } = null!;

    public virtual async Task InitializeAsync()
    {
        if (new RequiresRedisAndPostgresAttribute().Missing is not null)
        {
            return;
        }
        Redis = await RedisServer.StartAsync();
        _database = await PostgresDatabase.CreateAsync();
        A = await StartAsync();
        B = await StartAsync();
        foreach (var server in new[] { A, B })
        {
            await Eventually.TrueAsync(() => server.Node.Nodes.Count == 2);
        }
    }

    public async Task DisposeAsync()
    {
        if (Redis is not null)
        {
            await A.DisposeAsync();
            await B.DisposeAsync();
            await _database.DisposeAsync();
            await Redis.DisposeAsync();
        }
    }

    /// <param name="events">As of <see cref="TestServer.StartAsync"/>.</param>
    public Task<TestServer> StartAsync(EventCodec? events = null) => TestServer.StartAsync(events: events, configure: options => Configure(options with
    {
        Storage = new StorageOptions { DatabaseUrl = _database.Url, PoolSize = 10, MaxOverflow = 0 },
        Redis = options.Redis with { Url = Redis.Url },
    }));

    /// <summary>To the nodes' database.</summary>
    public Task<Npgsql.NpgsqlConnection> ConnectAsync() => _database.ConnectAsync();

    protected virtual ChatOptions Configure(ChatOptions options) => options;
}

/// <summary>For what other processes and threads bring about, and nothing here can wait for.</summary>
internal static class Eventually
{
    public static Task TrueAsync(Func<bool> holds) => TrueAsync(() => Task.FromResult(holds()));

    public static async Task TrueAsync(Func<Task<bool>> holds)
    {
        using var timeout = new CancellationTokenSource(NativeClient.Timeout);
        while (!await holds())
        {
            await Task.Delay(20, timeout.Token);
        }
    }
}
