using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Chat.Actors.Cluster;
using Chat.Tests.Support;

namespace Chat.Tests.Contracts;

/// <summary>What every bus promises while nothing is away.</summary>
public abstract class NodeBusContract : IAsyncLifetime
{
    private readonly List<INodeBus> _joined = [];

    protected static TimeSpan Patience { get; } = TimeSpan.FromSeconds(30);

    public virtual Task InitializeAsync() => Task.CompletedTask;

    public virtual async Task DisposeAsync()
    {
        foreach (var bus in _joined)
        {
            await bus.DisposeAsync();
        }
    }

    protected abstract Task<INodeBus> JoinAsync(string node);

    [ContractFact]
    public async Task What_is_published_comes_to_all_others_and_not_to_oneself()
    {
        var (a, b, c) = (await NodeAsync("a"), await NodeAsync("b"), await NodeAsync("c"));
        var (atA, atB, atC) = (Listen(a, "t"), Listen(b, "t"), Listen(c, "t"));
        await HeardAsync(a, "t", atB, atC);
        await HeardAsync(b, "t", atA);
        a.Publish("t", Bytes("hello"));
        await atB.UntilAsync("hello");
        await atC.UntilAsync("hello");
        b.Publish("t", Bytes("end"));
        await atA.UntilAsync("end");
        Assert.DoesNotContain("hello", atA.Messages);
    }

    [ContractFact]
    public async Task A_publishers_messages_come_in_their_order()
    {
        var (a, b) = (await NodeAsync("a"), await NodeAsync("b"));
        var heard = Listen(b, "t");
        await HeardAsync(a, "t", heard);
        var numbers = Enumerable.Range(0, 2_000).Select(i => i.ToString(CultureInfo.InvariantCulture)).ToList();
        var asked = new List<Task<bool>>();
        foreach (var (number, i) in numbers.Select((number, i) => (number, i)))
        {
            if (i % 3 == 0)
            {
                asked.Add(a.TryPublishAsync("t", Bytes(number)).AsTask());
            }
            else
            {
                a.Publish("t", Bytes(number));
            }
        }
        await heard.UntilAsync(numbers[^1]);
        Assert.All(await Task.WhenAll(asked), Assert.True);
        Assert.Equal(numbers, heard.Messages.Where(message => message != "?"));
    }

    [ContractFact]
    public async Task Several_publish_at_once_and_nothing_is_lost()
    {
        var (a, b) = (await NodeAsync("a"), await NodeAsync("b"));
        var heard = Listen(b, "t");
        await HeardAsync(a, "t", heard);
        await Parallel.ForAsync(0, 1_000, (i, _) =>
        {
            a.Publish("t", Bytes(i.ToString(CultureInfo.InvariantCulture)));
            return default;
        });
        await HeardAsync(a, "t", heard, "end");
        Assert.Equal(1_000, heard.Messages.Count(message => message is not ("?" or "end")));
    }

    [ContractFact]
    public async Task Topics_are_apart_and_end_with_their_subscription()
    {
        var (a, b) = (await NodeAsync("a"), await NodeAsync("b"));
        var (first, second, other) = (Listen(b, "t"), Listen(b, "t"), Listen(b, "u"));
        await HeardAsync(a, "t", first, second);
        await HeardAsync(a, "u", other);
        first.Dispose();
        first.Dispose();
        a.Publish("t", Bytes("one"));
        await second.UntilAsync("one");
        second.Dispose();
        a.Publish("t", Bytes("two"));
        a.Publish("u", Bytes("three"));
        await other.UntilAsync("three");
        Assert.DoesNotContain("one", first.Messages);
        Assert.DoesNotContain("two", second.Messages.Concat(other.Messages));

        var again = Listen(b, "t");
        await HeardAsync(a, "t", again);
    }

    [ContractFact]
    public async Task Whoever_asks_is_told_when_nobody_listens()
    {
        var (a, b) = (await NodeAsync("a"), await NodeAsync("b"));
        Assert.False(await a.TryPublishAsync("t", Bytes("one")));
        var heard = Listen(b, "t");
        await HeardAsync(a, "t", heard);
        Assert.True(await a.TryPublishAsync("t", Bytes("two")));
        await heard.UntilAsync("two");
        heard.Dispose();
        using var patience = new CancellationTokenSource(Patience);
        while (await a.TryPublishAsync("t", Bytes("three")))
        {
            await Task.Delay(5, patience.Token);
        }
    }

    [ContractFact]
    public async Task Bytes_come_as_they_went()
    {
        var (a, b) = (await NodeAsync("a"), await NodeAsync("b"));
        var heard = Listen(b, "t");
        await HeardAsync(a, "t", heard);
        byte[] all = [.. Enumerable.Range(0, 100_000).Select(i => (byte)i)];
        a.Publish("t", all);
        a.Publish("t", ReadOnlyMemory<byte>.Empty);
        await heard.UntilAsync("");
        Assert.Contains(heard.Raw, message => message.AsSpan().SequenceEqual(all));
        Assert.True(a.IsUp);
    }

    protected async Task<INodeBus> NodeAsync(string name)
    {
        var bus = await JoinAsync(name);
        _joined.Add(bus);
        return bus;
    }

    internal static Listener Listen(INodeBus bus, string topic) => new(bus, topic);

    /// <summary>Publishes until it comes: a subscription takes a moment.</summary>
    internal static async Task HeardAsync(INodeBus from, string topic, Listener listener, string what = "?")
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!listener.Messages.Contains(what))
        {
            from.Publish(topic, Bytes(what));
            await Task.Delay(10, patience.Token);
        }
    }

    internal static async Task HeardAsync(INodeBus from, string topic, params Listener[] listeners)
    {
        foreach (var listener in listeners)
        {
            await HeardAsync(from, topic, listener, "?");
        }
    }

    protected static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    internal sealed class Listener : IDisposable
    {
        private readonly ConcurrentQueue<byte[]> _messages = new();
        private readonly IDisposable _subscription;

        public Listener(INodeBus bus, string topic) => _subscription = bus.Subscribe(topic, message => _messages.Enqueue(message.ToArray()));

        public IReadOnlyList<byte[]> Raw => [.. _messages];

        public IReadOnlyList<string> Messages => [.. _messages.Select(Encoding.UTF8.GetString)];

        public async Task UntilAsync(string message)
        {
            using var patience = new CancellationTokenSource(Patience);
            while (!Messages.Contains(message))
            {
                await Task.Delay(5, patience.Token);
            }
        }

        public void Dispose() => _subscription.Dispose();
    }
}

public sealed class LocalBusTests : NodeBusContract
{
    private readonly LocalNetwork _network = new();

    protected override Task<INodeBus> JoinAsync(string node) => Task.FromResult(_network.Join());
}
