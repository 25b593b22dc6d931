using System.Text;
using Chat.Host.SocketIo;
using FsCheck;
using FsCheck.Fluent;

namespace Chat.Tests.SocketIo;

/// <summary>The packets of Socket.IO (its protocol, "Packet encoding").</summary>
public sealed class SocketIoPacketTests
{
    private static readonly Config Many = Config.QuickThrowOnFailure.WithMaxTest(1000);

    private static readonly string[] Pieces = ["0", "2", "5", "6", "1-", "-", "/", "/admin", ",", "12", "99999999999999999999", "[", "]", "\"foo\"", "{}", "é", " "];

    [Theory]
    [InlineData("0", "Connect 0 / - ")]
    [InlineData("0/admin,{\"sid\":\"x\"}", "Connect 0 /admin - {\"sid\":\"x\"}")]
    [InlineData("0/admin", "Connect 0 /admin - ")]
    [InlineData("1", "Disconnect 0 / - ")]
    [InlineData("1/admin,", "Disconnect 0 /admin - ")]
    [InlineData("2[\"foo\"]", "Event 0 / - [\"foo\"]")]
    [InlineData("2/admin,[\"bar\"]", "Event 0 /admin - [\"bar\"]")]
    [InlineData("212[\"foo\"]", "Event 0 / 12 [\"foo\"]")]
    [InlineData("3/admin,13[\"bar\"]", "Ack 0 /admin 13 [\"bar\"]")]
    [InlineData("4{\"message\":\"no\"}", "ConnectError 0 / - {\"message\":\"no\"}")]
    [InlineData("51-[\"baz\"]", "BinaryEvent 1 / - [\"baz\"]")]
    [InlineData("52-/admin,7[\"baz\"]", "BinaryEvent 2 /admin 7 [\"baz\"]")]
    [InlineData("61-15[\"bar\"]", "BinaryAck 1 / 15 [\"bar\"]")]
    [InlineData("29007199254740991[]", "Event 0 / 9007199254740991 []")]
    public void A_packet_is_read(string text, string expected) => Assert.Equal(expected, Read(text));

    [Theory]
    [InlineData("")]
    [InlineData("7")]
    [InlineData("a")]
    [InlineData("5[]")]
    [InlineData("5-[]")]
    [InlineData("5-1-[]")]
    [InlineData("51[]")]
    [InlineData("5+1-[]")]
    [InlineData("599999999999-[]")]
    [InlineData("29007199254740992[]")]
    [InlineData("299999999999999999999999[]")]
    public void What_is_no_packet_is_refused(string text) => Assert.Null(Read(text));

    [Fact]
    public void A_namespace_of_60_KB_is_refused() => Assert.Null(Read("0/" + new string('a', 60_000)));

    [Fact]
    public void A_header_that_is_written_is_read_as_it_was()
    {
        var headers = from type in Gen.Elements(Enum.GetValues<SocketIoPacketType>())
                      from attachments in Gen.Choose(0, 20)
                      from space in Gen.Elements("/", "/admin", "/방", "/a/b-1")
                      from id in Gen.OneOf(Gen.Constant((long?)null), Gen.Choose(0, int.MaxValue).Select(n => (long?)n))
                      from json in Gen.Elements("", "[]", "{}", "[\"1-2,/\"]")
                      select (Header: new SocketIoHeader(type, type >= SocketIoPacketType.BinaryEvent ? attachments : 0, space, id), Json: json);
        Prop.ForAll(headers.ToArbitrary(), packet =>
        {
            var payload = SocketIoPacket.Encode(packet.Header, Encoding.UTF8.GetBytes(packet.Json)).Payload.Span;
            return payload[0] == '4' && SocketIoPacket.TryRead(payload[1..], out var header, out var start) && header == packet.Header
                && Encoding.UTF8.GetString(payload[(1 + start)..]) == packet.Json;
        }).Check(Many);
    }

    [Fact]
    public void No_bytes_and_no_pieces_of_packets_make_it_throw()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes => IsAnswered(bytes)).Check(Many);
        Prop.ForAll(Gen.Elements(Pieces).ArrayOf().ToArbitrary(), pieces => IsAnswered(Encoding.UTF8.GetBytes(string.Concat(pieces)))).Check(Many);
    }

    [Fact]
    public void An_event_for_many_is_one_text_frame()
    {
        var frame = SocketIoPacket.EncodeEvent("/custom", "new_message", w =>
        {
            w.Json.WriteStringValue("안녕 <b>");
            w.Json.WriteNumberValue(1);
        });
        Assert.Equal("42/custom,[\"new_message\",\"안녕 <b>\",1]", Encoding.UTF8.GetString(frame.Payload.Span));
        Assert.Throws<ArgumentException>(() => SocketIoPacket.EncodeEvent("/", "e", w => w.WriteBinary(new byte[1])));
    }

    private static bool IsAnswered(byte[] bytes) => !SocketIoPacket.TryRead(bytes, out _, out var start) || start <= bytes.Length;

    private static string? Read(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return SocketIoPacket.TryRead(bytes, out var header, out var start)
            ? $"{header.Type} {header.Attachments} {header.Space} {header.Id?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "-"} {Encoding.UTF8.GetString(bytes.AsSpan(start))}"
            : null;
    }
}
