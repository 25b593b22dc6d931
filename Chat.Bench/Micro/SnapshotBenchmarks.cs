using BenchmarkDotNet.Attributes;
using Chat.Actors.Sessions;
using Chat.Protocol;

namespace Chat.Bench.Micro;

/// <summary>A session's snapshot, which its actor makes within its turn every 500 events, and reads when it wakes.</summary>
public class SnapshotBenchmarks
{
    private SessionState _state = new();
    private byte[] _bytes = [];

    /// <summary>Sends with a client's id that the session remembers: none, an ordinary day's, all that it may.</summary>
    [Params(0, 500, SentOnceWindow.Capacity)]
    public int Sends { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _state = new SessionState();
        _state.Apply(Samples.Created(Samples.Session));
        for (var i = 0; i < Math.Max(Sends, RecentMessages.Capacity); i++)
        {
            _state.Apply(Samples.Post(MessageId.New(), i < Sends ? $"c-{i:000000}" : null));
        }
        _bytes = Write();
        Console.WriteLine($"// {Sends} sends: {_bytes.Length:N0} bytes");
    }

    [Benchmark]
    public byte[] Write() => _state.ToSnapshot().ToBytes();

    [Benchmark]
    public SessionState Read() => SessionState.FromSnapshot(SessionSnapshot.FromBytes(_bytes));
}
