using BenchmarkDotNet.Attributes;
using Chat.Protocol;

namespace Chat.Bench.Micro;

/// <summary>An event to the journal's bytes and back.</summary>
public class EventCodecBenchmarks
{
    private static readonly EventCodec Codec = new();

    private string _manifest = "";
    private byte[] _payload = [];

    public static IEnumerable<NamedEvent> Events => Samples.Events;

    [ParamsSource(nameof(Events))]
    public NamedEvent Of { get; set; } = Samples.Events[0];

    [GlobalSetup]
    public void SetUp() => (_manifest, _payload) = Codec.Encode(Of.Event);

    [Benchmark]
    public byte[] Encode() => Codec.Encode(Of.Event).Payload;

    [Benchmark]
    public SessionEvent Decode() => Codec.Decode(_manifest, _payload);
}
