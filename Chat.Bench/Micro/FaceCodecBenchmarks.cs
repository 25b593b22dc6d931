using BenchmarkDotNet.Attributes;
using Chat.Protocol;

namespace Chat.Bench.Micro;

/// <summary>An event to each face's finished frame: once per face and event, however many read it.</summary>
public class FaceCodecBenchmarks
{
    private static readonly Accepted Accepted = new() { Seq = 1234, At = Samples.At, MessageId = Samples.Message };

    private readonly ParticipantCodec _participants = new("ABC234");
    private readonly RoomCodec _rooms = new("lobby");
    private readonly ChannelCodec _channels = new("general");
    private long _roomSeq;

    /// <summary>The room's list is full.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        _roomSeq = 0;
        _rooms.Load([], upTo: 0, hasOlder: false);
        for (var i = 0; i < RoomCodec.Kept; i++)
        {
            Rooms();
        }
    }

    [Benchmark(Baseline = true)]
    public Frame? Native() => NativeCodec.Instance.Encode(1234, 1233, Samples.Posted);

    [Benchmark]
    public Frame? NativeChunk() => NativeCodec.Instance.Encode(1234, 1233, Samples.Chunk);

    [Benchmark]
    public Frame? Participants() => _participants.Encode(1234, 1233, Samples.Posted);

    /// <summary>The whole list of fifty messages, which is what a room sends for each.</summary>
    [Benchmark]
    public Frame? Rooms() => _rooms.Encode(++_roomSeq, _roomSeq - 1, Samples.Posted);

    [Benchmark]
    public Frame? Channels() => _channels.Encode(1234, 1233, Samples.Posted);

    [Benchmark]
    public Frame? SocketIo() => SocketIoCodec.Instance.Encode(1234, 1233, Samples.Posted);

    /// <summary>Once per acknowledged send.</summary>
    [Benchmark]
    public Frame Ack() => SocketReplies.Ack("c-000001", Accepted);

    /// <summary>The frame's two ids are made for each send.</summary>
    [Benchmark]
    public MessageId NewMessageId() => MessageId.New();
}
