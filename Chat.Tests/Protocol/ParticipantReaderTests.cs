using System.Text;
using System.Text.Json;
using Chat.Protocol;
using FsCheck;
using FsCheck.Fluent;

namespace Chat.Tests.Protocol;

/// <summary>Client frames of the participant face, from any bytes.</summary>
public sealed class ParticipantReaderTests
{
    /// <summary>Pieces of frames, whole and broken.</summary>
    private static readonly string[] Pieces =
    [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\"type\"", "\"chat_message\"", "\"question\"", "\"content\"", "\"client_message_id\"", "\"typing\"", "\"is_typing\"",
        "\"\\ud800\"", "\"type\\udfff\"", "\"\\u0000\"", "null", "true", "1e999", "\"\"", "\" \"", "\u00ff", "{\"a\":", "\"t\\u0079pe\"", "/**/", "\n",
    ];

    [Fact]
    public void No_bytes_make_it_throw() =>
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), IsAnswered).Check(Many);

    [Fact]
    public void No_pieces_of_frames_make_it_throw() =>
        Prop.ForAll(Gen.Elements(Pieces).ArrayOf().ToArbitrary(), pieces => IsAnswered(Encoding.UTF8.GetBytes(string.Concat(pieces)))).Check(Many);

    [Fact]
    public void A_text_is_taken_as_it_is_but_for_its_ends()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<string>(), text =>
        {
            var read = Read(JsonSerializer.Serialize(new { type = "chat_message", content = text }), out _) as ParticipantRequest.Message;
            var isText = !string.IsNullOrWhiteSpace(text) && Limits.CountScalars(text.Trim()) is > 0 and <= 500;
            return !isText || read?.Content == text.Trim();
        }).Check(Many);
    }

    [Fact]
    public void Five_hundred_characters_are_taken_however_many_bytes_they_have()
    {
        var longest = string.Concat(Enumerable.Repeat("😀", 500));
        Assert.Equal(longest, Assert.IsType<ParticipantRequest.Message>(Read(JsonSerializer.Serialize(new { type = "question", content = $"  {longest}\n" }), out _)).Content);

        Assert.Null(Read(JsonSerializer.Serialize(new { type = "chat_message", content = longest + "x", client_message_id = "c1" }), out var rejected));
        Assert.Equal((ErrorCode.TooLong, "content has 501 characters; 500 is the limit"), (rejected!.Code, rejected.Text));
    }

    [Theory]
    [InlineData("""{"type":"chat_message"}""", ErrorCode.EmptyMessage, "Message content cannot be empty")]
    [InlineData("""{"type":"chat_message","content":null}""", ErrorCode.EmptyMessage, "Message content cannot be empty")]
    [InlineData("""{"type":"chat_message","content":" \n\u3000"}""", ErrorCode.EmptyMessage, "Message content cannot be empty")]
    [InlineData("""{"type":"question","content":""}""", ErrorCode.EmptyMessage, "Question content cannot be empty")]
    [InlineData("""{"type":"question","content":7}""", ErrorCode.BadField, "content must be a string")]
    [InlineData("""{"type":"chat_message","content":"a\u0000b"}""", ErrorCode.BadField, "content holds U+0000 or half of a surrogate pair")]
    [InlineData("""{"type":"chat_message","content":"a\ud800"}""", ErrorCode.BadField, "content holds half of a surrogate pair or bytes that are not UTF-8")]
    [InlineData("""{"type":"typing","is_typing":"yes"}""", ErrorCode.BadField, "is_typing must be true or false")]
    [InlineData("""{"type":"dance"}""", ErrorCode.UnknownType, "Unknown message type: dance")]
    [InlineData("""{"type":"auth","token":"t"}""", ErrorCode.UnknownType, "Unknown message type: auth")]
    [InlineData("""{"type":"ping"}""", ErrorCode.UnknownType, "Unknown message type: ping")]
    [InlineData("""{"content":"hello"}""", ErrorCode.UnknownType, "Unknown message type: none")]
    [InlineData("""["chat_message"]""", ErrorCode.BadJson, "A frame must be a JSON object")]
    [InlineData("hello", ErrorCode.BadJson, "The frame is not JSON, or deeper than 32 levels")]
    public void A_bad_frame_is_refused(string frame, ErrorCode code, string text)
    {
        Assert.Null(Read(frame, out var rejected));
        Assert.Equal((code, text), (rejected!.Code, rejected.Text));
    }

    [Fact]
    public void Depth_has_an_end()
    {
        var deep = new string('[', 40) + new string(']', 40);
        Assert.Null(Read($$"""{"type":"typing","x":{{deep}}}""", out var rejected));
        Assert.Equal(ErrorCode.BadJson, rejected!.Code);
    }

    [Fact]
    public void Typing_that_says_nothing_is_none() => Assert.Equal(new ParticipantRequest.Typing(false), Read("""{"type":"typing"}""", out _));

    [Theory]
    [InlineData("""{"type":"typing","is_typing":true}""")]
    [InlineData("""{"type":"participant_update"}""")]
    [InlineData("""{"type":"question","content":"c","client_message_id":"i"}""")]
    public void Unknown_fields_change_nothing(string frame)
    {
        var plain = Read(frame, out _);

        Assert.NotNull(plain);
        Assert.Equal(plain, Read(frame[..^1] + ""","timestamp":{"any":[1]},"participant_id":"another","session_code":"X","Type":"z"}""", out _));
    }

    private static Config Many => Config.QuickThrowOnFailure.WithMaxTest(2000);

    private static bool IsAnswered(byte[] bytes) => ParticipantReader.Read(bytes, out var rejected, out _) is null == rejected is not null;

    private static ParticipantRequest? Read(string frame, out Rejected? rejected) => ParticipantReader.Read(Encoding.UTF8.GetBytes(frame), out rejected, out _);
}
