using System.Text;
using System.Text.Json;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Protocol;

/// <summary>Frames of the participant face, field by field as seed 001 has them.</summary>
public sealed class ParticipantCodecTests
{
    private static readonly ParticipantCodec Codec = new("ABC234");
    private static readonly Person Mina = new("p-1", "민아", "p-1");

    [Theory]
    [InlineData("text", "chat_message")]
    [InlineData("question", "question")]
    public void A_message_has_the_seeds_fields_and_its_seq(string messageType, string type)
    {
        var frame = Codec.Encode(7, 5, Events.Posted("안녕 <b>") with { MessageType = messageType, SenderId = "p-1", SenderName = "민아", ParticipantId = "p-1", ClientMessageId = "c" });

        Assert.Equal(
            $$"""{"type":"{{type}}","message_id":"msg_안녕 <b>","content":"안녕 <b>","participant_id":"p-1","participant_nickname":"민아","timestamp":"2026-01-02T03:04:05.678Z","session_code":"ABC234","seq":7}""",
            TextOf(frame));
    }

    [Fact]
    public void A_file_stands_beside_its_message()
    {
        Assert.Equal(
            $$"""{"type":"chat_message","message_id":"msg_보세요","content":"보세요","participant_id":null,"participant_nickname":"Mina","timestamp":"2026-01-02T03:04:05.678Z","session_code":"ABC234","seq":7,"file":{{Events.FileJson()}}}""",
            TextOf(Codec.Encode(7, 5, Events.Shown("보세요"))));
    }

    [Fact]
    public void One_who_came_by_another_face_has_a_name_and_no_participant_id()
    {
        var frame = JsonSerializer.Deserialize<JsonElement>(TextOf(Codec.Encode(7, 5, Events.Posted("hello"))));

        Assert.Equal(JsonValueKind.Null, frame.GetProperty("participant_id").ValueKind);
        Assert.Equal("Mina", frame.GetProperty("participant_nickname").GetString());
    }

    [Fact]
    public void An_agents_answer_is_one_message_at_its_end()
    {
        var id = new MessageId("msg_a");
        Assert.Null(Codec.Encode(1, 0, new StreamStarted { At = Events.At, MessageId = id, SenderId = "1", SenderName = "Echo", Epoch = 1 }));
        Assert.Null(Codec.Encode(2, 1, new StreamChunk { At = Events.At, MessageId = id, Index = 0, Content = "he", Epoch = 1 }));
        var ended = new StreamEnded { At = Events.At, MessageId = id, SenderId = "1", SenderName = "Echo", Status = StreamStatus.Complete, Content = "hello" };

        var live = TextOf(Codec.Encode(3, 2, ended));

        Assert.Equal(
            """{"type":"chat_message","message_id":"msg_a","content":"hello","participant_id":null,"participant_nickname":"Echo","timestamp":"2026-01-02T03:04:05.678Z","session_code":"ABC234","seq":3}""",
            live);
        Assert.Equal(live, TextOf(Codec.EncodeWhole(3, 2, ended)));
        Assert.Null(Codec.Encode(3, 2, ended with { Content = "", Status = StreamStatus.Stopped }));
    }

    [Fact]
    public void What_passes_has_the_seeds_fields()
    {
        Assert.Equal("""{"type":"participant_joined","participant_id":"p-1","message":"새 참가자가 접속했습니다."}""", TextOf(Codec.Encode(new UserJoined(Mina, 1, Events.At))));
        Assert.Equal("""{"type":"participant_left","participant_id":"p-1","message":"민아님이 떠났습니다."}""", TextOf(Codec.Encode(new UserLeft(Mina, 0, Events.At))));
        Assert.Equal(
            """{"type":"typing","participant_id":"p-1","participant_nickname":"민아","is_typing":true,"session_code":"ABC234"}""",
            TextOf(Codec.Encode(new Typing(Mina, true, Events.At))));
        Assert.Equal(
            """{"type":"participant_update","participant_id":"p-1","participant_nickname":"민아","is_online":true,"session_code":"ABC234"}""",
            TextOf(Codec.Encode(new ParticipantUpdated(Mina, Events.At))));
        Assert.Null(Codec.Encode(new ReadUpTo(Mina, 3, Events.At)));
    }

    [Fact]
    public void Edits_reactions_and_the_archive_are_not_shown()
    {
        var id = new MessageId("m");
        SessionEvent[] others =
        [
            new MessageEdited { At = Events.At, MessageId = id, Content = "c", By = "u" }, new MessageDeleted { At = Events.At, MessageId = id, By = "u" },
            new ReactionChanged { At = Events.At, MessageId = id, Emoji = "👍", UserId = "u" }, new SessionArchived { At = Events.At, By = "u" },
            new TitleChanged { At = Events.At, Title = "t", By = "u" }, new ParticipantJoined { At = Events.At, ParticipantId = "p-2", Nickname = "N" },
        ];
        Assert.All(others, e => Assert.Null(Codec.Encode(9, 8, e)));
        Assert.True(Codec.EndsWithArchive);
    }

    private static string TextOf(Frame? frame) => Encoding.UTF8.GetString(frame!.Payload.Span);
}
