using System.Text;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Protocol;

/// <summary>Seed 004's frames, both ways.</summary>
public sealed class ChannelCodecTests
{
    private static readonly ChannelCodec Codec = new("pod_123_chat");

    [Fact]
    public void A_message_has_the_seeds_fields_and_its_place_in_the_log()
    {
        var e = Events.Posted("안녕하세요!") with { SenderId = "1" };

        Assert.Equal(
            """{"type":"MESG","channel_url":"pod_123_chat","user_id":1,"message":"안녕하세요!","timestamp":"2026-01-02T03:04:05.678Z","message_id":"msg_안녕하세요!","seq":7}""",
            Text(Codec.Encode(7, 6, e)));
    }

    [Fact]
    public void A_question_and_an_answer_at_its_end_are_messages_too()
    {
        var answer = new StreamEnded
        {
            At = Events.At,
            MessageId = new MessageId("a"),
            SenderId = "2",
            SenderName = "Echo",
            Status = StreamStatus.Complete,
            Content = "네",
        };

        Assert.StartsWith("""{"type":"MESG",""", Text(Codec.Encode(1, 0, Events.Posted() with { MessageType = "question" })));
        Assert.Contains("\"user_id\":2,\"message\":\"네\"", Text(Codec.Encode(1, 0, answer)), StringComparison.Ordinal);
        Assert.Equal(Text(Codec.Encode(1, 0, answer)), Text(Codec.EncodeWhole(1, 0, answer)));
        Assert.Null(Codec.Encode(1, 0, answer with { Content = "" }));
    }

    [Fact]
    public void Those_who_come_and_go_are_shown_as_the_seed_shows_them()
    {
        var kim = new Person("kim", "Kim");

        Assert.Equal(
            """{"type":"USER_JOINED","channel_url":"pod_123_chat","user_id":"kim","timestamp":"2026-01-02T03:04:05.678Z"}""",
            Text(Codec.Encode(new UserJoined(kim, 0, Events.At))));
        Assert.Equal("""{"type":"USER_LEFT","channel_url":"pod_123_chat","user_id":"kim"}""", Text(Codec.Encode(new UserLeft(kim, 0, Events.At))));
    }

    [Fact]
    public void Edits_deletions_typing_and_read_markers_are_not_shown()
    {
        var id = new MessageId("m");
        var kim = new Person("kim", "Kim");

        Assert.Null(Codec.Encode(1, 0, new MessageEdited { At = Events.At, MessageId = id, Content = "x", By = "kim" }));
        Assert.Null(Codec.Encode(1, 0, new MessageDeleted { At = Events.At, MessageId = id, By = "kim" }));
        Assert.Null(Codec.Encode(new Typing(kim, true, Events.At)));
        Assert.Null(Codec.Encode(new ReadUpTo(kim, 1, Events.At)));
        Assert.Null(Codec.Encode(new ParticipantUpdated(kim, Events.At)));
    }

    [Theory]
    [InlineData("1", true)]
    [InlineData("0", true)]
    [InlineData("-7", true)]
    [InlineData("9007199254740991", true)]
    [InlineData("9007199254740992", false)]
    [InlineData("99999999999999999999", false)]
    [InlineData("01", false)]
    [InlineData("1.0", false)]
    [InlineData("1e3", false)]
    [InlineData("+1", false)]
    [InlineData("-0", false)]
    [InlineData(" 1", false)]
    [InlineData("１", false)]
    [InlineData("mina", false)]
    public void A_user_id_is_a_number_where_it_is_an_integer_in_its_own_form(string user, bool isNumber)
    {
        var frame = Text(Codec.Encode(1, 0, Events.Posted() with { SenderId = user }));

        Assert.Contains(isNumber ? $"\"user_id\":{user}," : $"\"user_id\":\"{user}\",", frame, StringComparison.Ordinal);
    }

    [Fact]
    public void The_seeds_frame_is_a_message()
    {
        Assert.Equal(new ChannelRequest.Message("안녕하세요!"), Read("""{"type": "MESG", "message": "안녕하세요!"}"""));
        Assert.Equal(new ChannelRequest.Message("hi") { ClientMessageId = "c-1" }, Read("""{"message":"hi","client_message_id":"c-1","type":"MESG","data":{"x":1}}"""));
    }

    [Theory]
    [InlineData("FILE")]
    [InlineData("IMAGE")]
    public void A_file_is_shown_once_more_with_or_without_a_word(string type)
    {
        Assert.Equal(new ChannelRequest.File("file_1", null), Read($$"""{"type":"{{type}}","file_id":"file_1"}"""));
        Assert.Equal(new ChannelRequest.File("file_1", "보세요") { ClientMessageId = "c" }, Read($$"""{"type":"{{type}}","file_id":"file_1","message":"보세요","client_message_id":"c"}"""));
    }

    [Theory]
    [InlineData("image/png", "IMAGE", true)]
    [InlineData("application/pdf", "FILE", false)]
    public void A_file_stands_beside_its_message(string mediaType, string type, bool hasThumbnail)
    {
        Assert.Equal(
            $$$"""{"type":"{{{type}}}","channel_url":"pod_123_chat","user_id":"user-1","message":"보세요","timestamp":"2026-01-02T03:04:05.678Z","message_id":"msg_보세요","seq":7,"file":{{{Events.FileJson(mediaType, hasThumbnail)}}}}""",
            Text(Codec.Encode(7, 6, Events.Shown("보세요", mediaType, hasThumbnail))));
    }

    [Theory]
    [InlineData("{", ErrorCode.BadJson)]
    [InlineData("[]", ErrorCode.BadJson)]
    [InlineData("""{"message":"x"}""", ErrorCode.UnknownType)]
    [InlineData("""{"type":"mesg","message":"x"}""", ErrorCode.UnknownType)]
    [InlineData("""{"type":"FILE"}""", ErrorCode.BadField)]
    [InlineData("""{"type":"IMAGE","file_id":7}""", ErrorCode.BadField)]
    [InlineData("""{"type":"FILE","file_id":"f","message":7}""", ErrorCode.BadField)]
    [InlineData("""{"type":"MESG"}""", ErrorCode.BadField)]
    [InlineData("""{"type":"MESG","message":5}""", ErrorCode.BadField)]
    [InlineData("""{"type":"MESG","message":"\ud800"}""", ErrorCode.BadField)]
    [InlineData("""{"type":"MESG","message":"x","client_message_id":1}""", ErrorCode.BadField)]
    public void Whatever_else_is_refused_by_its_code(string frame, ErrorCode code)
    {
        Assert.Null(ChannelReader.Read(Encoding.UTF8.GetBytes(frame), out var rejected, out _));
        Assert.Equal(code, rejected!.Code);
    }

    private static ChannelRequest? Read(string frame) => ChannelReader.Read(Encoding.UTF8.GetBytes(frame), out _, out _);

    private static string Text(Frame? frame) => Encoding.UTF8.GetString(frame!.Payload.Span);
}
