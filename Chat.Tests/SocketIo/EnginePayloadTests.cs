using System.Text;
using Chat.Host.SocketIo.Engine;
using Chat.Protocol;
using FsCheck;
using FsCheck.Fluent;

namespace Chat.Tests.SocketIo;

/// <summary>The bodies of polling (Engine.IO protocol, "Packet encoding").</summary>
public sealed class EnginePayloadTests
{
    private static readonly Config Many = Config.QuickThrowOnFailure.WithMaxTest(500);

    [Fact]
    public void The_documents_examples_are_read()
    {
        Assert.Equal(["Message:hello", "Ping:", "Message:world"], Read("4hello\u001e2\u001e4world"u8.ToArray()));
        Assert.Equal(["Message:hello", "#01020304"], Read("4hello\u001ebAQIDBA=="u8.ToArray()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("abc")]
    [InlineData("7")]
    [InlineData("4a\u001e")]
    [InlineData("\u001e4a")]
    [InlineData("bAQIDBA")]
    [InlineData("b*")]
    [InlineData("4a\u001e\u001e4b")]
    public void What_is_no_packet_is_refused(string body) => Assert.Equal("refused", Read(Encoding.UTF8.GetBytes(body))[^1]);

    [Fact]
    public void An_empty_message_and_empty_bytes_are_packets() => Assert.Equal(["Message:", "#"], Read("4\u001e"u8.ToArray().Append((byte)'b').ToArray()));

    [Fact]
    public void What_is_written_is_read_as_it_was()
    {
        var packet = ArbMap.Default.GeneratorFor<byte[]>().Select(bytes => (IsBinary: true, Bytes: bytes))
            .Or(ArbMap.Default.GeneratorFor<NonNull<string>>().Select(text => (IsBinary: false, Bytes: Encoding.UTF8.GetBytes(text.Get.Replace("\u001e", "", StringComparison.Ordinal)))));
        Prop.ForAll(packet.NonEmptyListOf().ToArbitrary(), sent =>
        {
            var packets = sent.Select(p => p.IsBinary ? new EnginePacket(null, p.Bytes) : new EnginePacket(EnginePacket.EncodeMessage(p.Bytes))).ToList();
            var body = new byte[EnginePayload.GetLength(packets)];
            EnginePayload.Write(packets, body);
            Memory<byte>? rest = body;
            return sent.All(p => EnginePayload.TryTake(ref rest, out var type, out var message) && type == EnginePacketType.Message
                && message.IsBinary == p.IsBinary && message.Data.Span.SequenceEqual(p.Bytes)) && rest is null;
        }).Check(Many);
    }

    [Fact]
    public void No_bytes_make_it_throw() => Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes => Read(bytes).Count > 0).Check(Many);

    private static List<string> Read(byte[] bytes)
    {
        var packets = new List<string>();
        for (Memory<byte>? rest = bytes; rest is not null;)
        {
            if (!EnginePayload.TryTake(ref rest, out var type, out var message))
            {
                packets.Add("refused");
                break;
            }
            packets.Add(message.IsBinary ? $"#{Convert.ToHexString(message.Data.Span)}" : $"{type}:{Encoding.UTF8.GetString(message.Data.Span)}");
        }
        return packets;
    }
}
