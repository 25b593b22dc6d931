using Chat.Actors.Cluster;

namespace Chat.Tests.Support;

/// <summary>A bus that keeps no more than it must: of what comes to this node it drops some, doubles some, and delays some past what was sent later.</summary>
internal sealed class UnreliableBus(INodeBus inner, Random random) : INodeBus
{
    private readonly Lock _gate = new();

    public bool IsUp => inner.IsUp;

    /// <summary>Of a hundred messages.</summary>
    public int Drops { get; set; }

    public int Doubles { get; set; }
    public int Delays { get; set; }
    public TimeSpan LongestDelay { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Nothing comes at all, and nobody is told.</summary>
    public bool IsDeaf { get; set; }

    public event Action? Restored
    {
        add => inner.Restored += value;
        remove => inner.Restored -= value;
    }

    public IDisposable Subscribe(string topic, Action<ReadOnlyMemory<byte>> handler)
    {
        var turn = new Lock();
        return inner.Subscribe(topic, message =>
        {
            var times = IsDeaf || Happens(Drops) ? 0 : Happens(Doubles) ? 2 : 1;
            for (var i = 0; i < times; i++)
            {
                if (Happens(Delays))
                {
                    _ = HandleLaterAsync(message);
                }
                else
                {
                    Handle(message);
                }
            }
        });

        async Task HandleLaterAsync(ReadOnlyMemory<byte> message)
        {
            await Task.Delay(Pick((int)LongestDelay.TotalMilliseconds));
            Handle(message);
        }

        void Handle(ReadOnlyMemory<byte> message)
        {
            // A handler is given one message at a time.
            lock (turn)
            {
                handler(message);
            }
        }
    }

    public void Publish(string topic, ReadOnlyMemory<byte> message) => inner.Publish(topic, message);

    public ValueTask<bool> TryPublishAsync(string topic, ReadOnlyMemory<byte> message) => inner.TryPublishAsync(topic, message);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private bool Happens(int ofHundred) => Pick(100) < ofHundred;

    private int Pick(int below)
    {
        lock (_gate)
        {
            return random.Next(below);
        }
    }
}
