using System.Collections.Immutable;
using System.Threading.Channels;

namespace Chat.Actors.Cluster;

/// <summary>Nodes in one process, for tests and for a node that is alone.</summary>
public sealed class LocalNetwork
{
    private ImmutableList<LocalBus> _buses = [];

    public INodeBus Join()
    {
        var bus = new LocalBus(this);
        ImmutableInterlocked.Update(ref _buses, buses => buses.Add(bus));
        return bus;
    }

    private void Leave(LocalBus bus) => ImmutableInterlocked.Update(ref _buses, buses => buses.Remove(bus));

    private bool Publish(LocalBus from, string topic, ReadOnlyMemory<byte> message)
    {
        var taken = false;
        foreach (var bus in _buses)
        {
            taken |= bus != from && bus.Take(topic, message);
        }
        return taken;
    }

    private sealed class LocalBus : INodeBus
    {
        private readonly LocalNetwork _network;
        private readonly Channel<(string Topic, ReadOnlyMemory<byte> Message)> _inbox = Channel.CreateUnbounded<(string, ReadOnlyMemory<byte>)>();
        private readonly TopicHandlers _handlers = new();
        private readonly Task _reading;

        public LocalBus(LocalNetwork network)
        {
            _network = network;
            _reading = Runtime.Detached.Run(ReadAsync);
        }

        public bool IsUp => true;

        public event Action? Restored
        {
            add { }
            remove { }
        }

        public IDisposable Subscribe(string topic, Action<ReadOnlyMemory<byte>> handler) => _handlers.Add(topic, handler).Subscription;

        public void Publish(string topic, ReadOnlyMemory<byte> message) => _network.Publish(this, topic, message);

        public ValueTask<bool> TryPublishAsync(string topic, ReadOnlyMemory<byte> message) => new(_network.Publish(this, topic, message));

        public bool Take(string topic, ReadOnlyMemory<byte> message) => _handlers.Has(topic) && _inbox.Writer.TryWrite((topic, message));

        public async ValueTask DisposeAsync()
        {
            _network.Leave(this);
            _inbox.Writer.TryComplete();
            await _reading;
        }

        private async Task ReadAsync()
        {
            await foreach (var (topic, message) in _inbox.Reader.ReadAllAsync())
            {
                _handlers.Handle(topic, message);
            }
        }
    }
}
