using System.Text;
using System.Text.Json;
using Chat.Protocol;
using FsCheck;
using FsCheck.Fluent;

namespace Chat.Tests.Protocol;

/// <summary>Client frames from any bytes.</summary>
public sealed class NativeReaderTests
{
    /// <summary>Pieces of frames, whole and broken: put together they come near to what the reader looks at.</summary>
    private static readonly string[] Pieces =
    [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\"type\"", "\"message\"", "\"content\"", "\"metadata\"", "\"client_message_id\"", "\"stream_chunk\"",
        "\"\\ud800\"", "\"\\ud83d\\ude00\"", "\"type\\udfff\"", "\"\\u0000\"", "null", "true", "-1", "1e999", "0.5", "99999999999999999999", "\"\"", " ", "\u00ff", "\ud7ff", "{\"a\":",
        "\"read\"", "\"seq\"", "\"index\"", "\"t\\u0079pe\"", "\"since\"", "\"sync\"", "/**/", "\n",
    ];

    [Fact]
    public void No_bytes_make_it_throw() =>
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes => IsAnswered(bytes)).Check(Many);

    [Fact]
    public void No_pieces_of_frames_make_it_throw() =>
        Prop.ForAll(Gen.Elements(Pieces).ArrayOf().ToArbitrary(), pieces => IsAnswered(Encoding.UTF8.GetBytes(string.Concat(pieces)))).Check(Many);

    [Fact]
    public void No_damage_to_a_frame_makes_it_throw()
    {
        var frame = """{"type":"message","content":"a\ud83d\ude00b","metadata":{"x":["\u00e9",1,{}]},"client_message_id":"c","reply_to":"r"}"""u8.ToArray();
        var damage = from at in Gen.Choose(0, frame.Length - 1) from value in Gen.Choose(0, 255) select (at, (byte)value);
        Prop.ForAll(damage.ArrayOf().ToArbitrary(), changes =>
        {
            var bytes = (byte[])frame.Clone();
            foreach (var (at, value) in changes)
            {
                bytes[at] = value;
            }
            return IsAnswered(bytes);
        }).Check(Many);
    }

    [Fact]
    public void Any_text_survives_in_a_message()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<string>(), text =>
        {
            var isUnicode = text is not null && Limits.CountScalars(text) >= 0;
            var request = Read(JsonSerializer.SerializeToUtf8Bytes(new { type = "message", content = text, unknown = new { content = 7 } })) as NativeRequest.Message;
            return !isUnicode || request?.Content == text;
        }).Check(Many);
    }

    [Fact]
    public void Any_number_survives_in_a_cursor()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<long>(), seq =>
            Read(Encoding.UTF8.GetBytes($$"""{"seq":{{seq}},"type":"read"}""")) is NativeRequest.Read read ? read.Seq == seq : seq < 0).Check(Many);
    }

    [Theory]
    [InlineData("""{"type":"ping"}""")]
    [InlineData("""{"type":"typing","is_typing":true}""")]
    [InlineData("""{"type":"read","seq":3}""")]
    [InlineData("""{"type":"file","file_id":"file_1","message":"c"}""")]
    [InlineData("""{"type":"edit","message_id":"m","content":"c"}""")]
    [InlineData("""{"type":"delete","message_id":"m"}""")]
    [InlineData("""{"type":"react","message_id":"m","emoji":"e","remove":true}""")]
    [InlineData("""{"type":"stop","message_id":"m"}""")]
    [InlineData("""{"type":"stream_start","message_id":"m","content":"c"}""")]
    [InlineData("""{"type":"stream_chunk","message_id":"m","content":"c","index":4}""")]
    [InlineData("""{"type":"stream_end","message_id":"m","content":"c","tokens_used":4,"latency_ms":5}""")]
    [InlineData("""{"type":"sync","since":7}""")]
    [InlineData("""{"type":"auth","token":"t"}""")]
    [InlineData("""{"type":"message","content":"c","message_type":"question","metadata":{"a":1},"reply_to":"r","client_message_id":"i"}""")]
    public void Unknown_fields_and_nulls_in_optional_ones_change_nothing(string frame)
    {
        var plain = Read(Encoding.UTF8.GetBytes(frame));

        var more = Read(Encoding.UTF8.GetBytes(frame[..^1] + ""","timestamp":{"any":[1]},"x":"y","Type":"z","status":null}"""));

        Assert.NotNull(plain);
        Assert.Equal(plain, more);
    }

    private static Config Many => Config.QuickThrowOnFailure.WithMaxTest(3000);

    private static bool IsAnswered(byte[] bytes) =>
        NativeReader.Read(bytes, out var rejected, out _) is null == rejected is not null;

    private static NativeRequest? Read(byte[] bytes) => NativeReader.Read(bytes, out _, out _);
}
