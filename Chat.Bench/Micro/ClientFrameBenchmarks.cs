using System.Text;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Chat.Host.SocketIo;
using Chat.Protocol;

namespace Chat.Bench.Micro;

/// <summary>A client's send, from the bytes of its frame to the face's request.</summary>
public class ClientFrameBenchmarks
{
    private static readonly byte[] NativeSend = Utf8($$"""{"type":"message","content":"{{Samples.Content}}","message_type":"text","client_message_id":"c-000001"}""");
    private static readonly byte[] NativeTyping = Utf8("""{"type":"typing","is_typing":true}""");
    private static readonly byte[] ParticipantSend = Utf8($$"""{"type":"chat_message","content":"{{Samples.Content}}","client_message_id":"c-000001"}""");
    private static readonly byte[] RoomSend = Utf8($$"""{"username":"Kim Mina","content":"{{Samples.Content}}"}""");
    private static readonly byte[] ChannelSend = Utf8($$"""{"type":"MESG","message":"{{Samples.Content}}","client_message_id":"c-000001"}""");
    private static readonly byte[] SocketIoSend = Utf8($$"""2["send_message",{"message":"{{Samples.Content}}","message_type":"text","client_message_id":"c-000001"}]""");

    [Benchmark(Baseline = true)]
    public NativeRequest? Native() => NativeReader.Read(NativeSend, out _, out _);

    [Benchmark]
    public NativeRequest? Typing() => NativeReader.Read(NativeTyping, out _, out _);

    [Benchmark]
    public ParticipantRequest? Participants() => ParticipantReader.Read(ParticipantSend, out _, out _);

    [Benchmark]
    public RoomRequest? Rooms() => RoomReader.Read(RoomSend, out _, out _);

    [Benchmark]
    public ChannelRequest? Channels() => ChannelReader.Read(ChannelSend, out _, out _);

    /// <summary>The packet of Socket.IO, without Engine.IO around it.</summary>
    [Benchmark]
    public SocketIoSend? SocketIo()
    {
        SocketIoPacket.TryRead(SocketIoSend, out _, out var jsonStart);
        using var document = JsonDocument.Parse(SocketIoSend.AsMemory(jsonStart));
        return SocketIoReader.ReadSend(document.RootElement[1], out _, out _);
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
