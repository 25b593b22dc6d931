using Chat.Actors.Cluster;
using Chat.Tests.Contracts;
using Chat.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace Chat.Tests.Cluster;

/// <summary>The bus over a Redis that strangers can write to, and that goes away.</summary>
[RequiresRedis]
public sealed class RedisBusTests : NodeBusContract
{
    private const string Topic = "chat:bus:t";

    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private readonly List<RedisConnection> _connections = [];
    private RedisServer _redis = null!;

    public override async Task InitializeAsync() => _redis = await RedisServer.StartAsync();

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        foreach (var connection in _connections)
        {
            await connection.DisposeAsync();
        }
        await _redis.DisposeAsync();
    }

    [ContractFact]
    public async Task Only_what_a_node_of_the_cluster_has_sent_is_heard_and_only_once()
    {
        var (a, b) = (await NodeAsync("a"), await NodeAsync("b"));
        var heard = Listen(b, "t");
        await HeardAsync(a, "t", heard);
        var stranger = (await ConnectAsync("stranger")).Subscriber;
        var overheard = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        await stranger.SubscribeAsync(Topic, (_, value) => overheard.TrySetResult(value!));
        a.Publish("t", Bytes("true"));
        var good = await overheard.Task.WaitAsync(Patience);

        var clock = new ManualTime();
        await stranger.PublishAsync(Topic, "forged");
        await stranger.PublishAsync(Topic, good);
        await stranger.PublishAsync(Topic, new BusEnvelope([.. Key.Reverse()], "a", TimeProvider.System).Seal("t", "other key"u8));
        await stranger.PublishAsync(Topic, new BusEnvelope(Key, "a", TimeProvider.System).Seal("u", "other topic"u8));
        await stranger.PublishAsync(Topic, new BusEnvelope(Key, "c", clock).Seal("t", "stale"u8));
        await stranger.PublishAsync(Topic, new BusEnvelope(Key, "b", TimeProvider.System).Seal("t", "its own"u8));
        a.Publish("t", Bytes("end"));
        await heard.UntilAsync("end");
        Assert.Equal(["true", "end"], heard.Messages.Where(message => message != "?"));
    }

    [ContractFact]
    public async Task Subscriptions_come_back_with_Redis_and_the_return_is_told()
    {
        var (a, b) = (await NodeAsync("a"), await NodeAsync("b"));
        var heard = Listen(b, "t");
        await HeardAsync(a, "t", heard);
        var restored = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        b.Restored += () => restored.TrySetResult();

        await _redis.StopAsync();
        using (var patience = new CancellationTokenSource(Patience))
        {
            while (a.IsUp || b.IsUp)
            {
                await Task.Delay(5, patience.Token);
            }
        }
        Assert.False(await a.TryPublishAsync("t", Bytes("lost")));
        a.Publish("t", Bytes("lost"));
        var late = Listen(b, "late");

        await _redis.StartAgainAsync();
        await restored.Task.WaitAsync(Patience);
        await HeardAsync(a, "t", heard, "back");
        await HeardAsync(a, "late", late, "back");
        Assert.True(a.IsUp && b.IsUp);
        Assert.DoesNotContain("lost", heard.Messages);
    }

    [ContractFact]
    public async Task A_subscription_that_was_lost_on_the_way_is_made_again()
    {
        var (a, b) = (await NodeAsync("a"), await NodeAsync("b"));
        var (heard, other) = (Listen(b, "t"), Listen(b, "u"));
        await HeardAsync(a, "t", heard);
        var restored = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        b.Restored += () => restored.TrySetResult();

        // The bus goes on believing that it listens.
        await _connections[1].Subscriber.UnsubscribeAsync(Topic);
        a.Publish("t", Bytes("not heard"));
        for (var comers = 0; !restored.Task.IsCompleted && comers < 60; comers++)
        {
            // More than are lost come between two looks, and stay.
            Listen(b, $"comer{comers}");
            await Task.Delay(500);
        }
        await restored.Task.WaitAsync(Patience);
        await HeardAsync(a, "t", heard, "heard again");
        await HeardAsync(a, "u", other, "and this too");
        Assert.DoesNotContain("not heard", heard.Messages);
    }

    [ContractFact]
    public async Task Topics_that_come_and_go_are_not_taken_for_lost_ones()
    {
        var time = new ManualTime();
        await using var bus = new RedisBus(await ConnectAsync("a"), "a", Key, time, NullLogger.Instance);
        using var steady = bus.Subscribe("t", _ => { });
        var restored = 0;
        bus.Restored += () => Interlocked.Increment(ref restored);
        using var stop = new CancellationTokenSource();
        var visitors = Enumerable.Range(0, 10).Select(i => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                bus.Subscribe($"visited{i}", _ => { }).Dispose();
                await Task.Yield();
            }
        })).ToList();

        for (var looks = 0; looks < 150; looks++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(10);
        }
        await stop.CancelAsync();
        await Task.WhenAll(visitors);
        Assert.Equal(0, restored);
    }

    protected override async Task<INodeBus> JoinAsync(string node) =>
        new RedisBus(await ConnectAsync(node), node, Key, TimeProvider.System, NullLogger.Instance);

    private async Task<RedisConnection> ConnectAsync(string name)
    {
        var connection = await RedisConnection.OpenAsync(_redis.Url, name, TimeProvider.System, NullLogger.Instance);
        _connections.Add(connection);
        return connection;
    }
}
