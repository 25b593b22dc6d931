using BenchmarkDotNet.Attributes;
using Chat.Actors.Delivery;
using Chat.Actors.Runtime;
using Chat.Host.Connections;
using Chat.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace Chat.Bench.Micro;

/// <summary>
/// One event to all readers of a session: the hub, the queues, and the task of each reader that wakes up and takes its frame. An operation ends when the last one
/// has taken it, so nothing of the work is left for the next. Only the socket's write is missing.
/// </summary>
public class FanOutBenchmarks
{
    private readonly AsyncSignal _allTaken = new();
    private SessionHubs _hubs = new(TimeProvider.System);
    private List<Reader> _readers = [];
    private int _waiting;
    private long _seq;

    public static IEnumerable<Audience> Audiences => [new(1, false), new(10, false), new(100, false), new(1000, false), new(100, true), new(1000, true)];

    [ParamsSource(nameof(Audiences))]
    public Audience Of { get; set; } = new(1, false);

    [GlobalSetup]
    public void SetUp() => SetUpAsync().GetAwaiter().GetResult();

    private async Task SetUpAsync()
    {
        var rooms = new RoomCodec("lobby");
        rooms.Load([], upTo: 0, hasOlder: false);
        FaceCodec[] faces = Of.IsMixed
            ? [NativeCodec.Instance, new ParticipantCodec("ABC234"), rooms, new ChannelCodec("general"), SocketIoCodec.Instance]
            : [NativeCodec.Instance];
        _hubs = new SessionHubs(TimeProvider.System);
        _seq = 0;
        _readers = [.. Enumerable.Range(0, Of.Readers).Select(n => new Reader(_hubs, faces[n % faces.Length], CountTaken))];
        while (!_readers.TrueForAll(reader => reader.IsLive))
        {
            await Task.Delay(1);
        }
        // A list grows by each message until it is full.
        for (var i = 0; Of.IsMixed && i < RoomCodec.Kept; i++)
        {
            await PublishAsync();
        }
    }

    [GlobalCleanup]
    public void CleanUp() => Task.WaitAll(_readers.Select(reader => reader.CloseAsync()));

    [Benchmark]
    public ValueTask PublishAsync()
    {
        _waiting = _readers.Count;
        _seq++;
        // A list, as an actor's batch has it.
        _hubs.Publish(Samples.Session, new List<EncodedEvent> { new(_seq, _seq - 1, Samples.Posted) });
        return _allTaken.WaitAsync();
    }

    private void CountTaken(int frames)
    {
        if (Interlocked.Add(ref _waiting, -frames) == 0)
        {
            _allTaken.Set();
        }
    }

    /// <param name="IsMixed">A fifth of the readers on each face; else all on the native one.</param>
    public sealed record Audience(int Readers, bool IsMixed)
    {
        public override string ToString() => $"{Readers} {(IsMixed ? "mixed" : "native")}";
    }

    /// <summary>One reader with the loop of a socket's writer task, without the socket.</summary>
    private sealed class Reader : IPagedReader
    {
        private readonly Subscriber _subscriber;
        private readonly SessionHub _hub;
        private readonly Action<int> _taken;
        private readonly Task _pumping;

        public Reader(SessionHubs hubs, FaceCodec face, Action<int> taken)
        {
            _taken = taken;
            _subscriber = new Subscriber(face, Samples.Kim.UserId, queueLimit: 256 * 1024);
            _hub = hubs.Subscribe(Samples.Session, _subscriber);
            _pumping = SubscriberPump.RunAsync(_subscriber, this, WriteAsync, NullLogger.Instance, CancellationToken.None);
        }

        public bool IsLive => _subscriber.IsLive;

        public bool HasToPage => false;

        public ValueTask<bool> PageAsync(List<Frame> frames, CancellationToken cancellation) => new(_hub.TryGoLive(_subscriber));

        public Task CloseAsync()
        {
            _subscriber.Close(CloseCode.Normal, "");
            return _pumping;
        }

        private ValueTask WriteAsync(List<Frame> frames)
        {
            if (frames.Count > 0)
            {
                _taken(frames.Count);
            }
            return default;
        }
    }
}
