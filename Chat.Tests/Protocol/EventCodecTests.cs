using System.Runtime.CompilerServices;
using System.Text;
using Chat.Protocol;

namespace Chat.Tests.Protocol;

/// <summary>Every stored form is kept for ever: a golden file that fails here is a journal that cannot be read.</summary>
public class EventCodecTests
{
    private static readonly EventCodec Codec = new();
    private static readonly DateTimeOffset At = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    private static readonly SessionEvent[] Samples =
    [
        new SessionCreated
        {
            At = At, SessionId = new("sess_1"), TraceId = "trace_1", UserId = "kim", UserName = "김철수", AgentId = 1, AgentName = "Echo", AgentExternal = true,
            Title = "제목", Metadata = """{"purpose": "test"}""", Members = [new Member("lee", "Lee")], ChannelUrl = "pod_1", SessionCode = "ABC234", Open = true,
        },
        new MessagePosted
        {
            At = At, MessageId = new("msg_1"), SenderType = "user", SenderId = "kim", SenderName = "김철수", MessageType = "question", Content = "안녕 <b>\"\\\n👨‍👩‍👧",
            Metadata = """{"n":1.50,"a":[null]}""", ReplyTo = new MessageId("msg_0"), ClientMessageId = "c-1", RunId = new MessageId("msg_2"),
        },
        new FilePosted
        {
            At = At, MessageId = new("msg_3"), SenderType = "user", SenderId = "kim", SenderName = "김철수", MessageType = "file", Content = "이 이미지를 분석해주세요.", ClientMessageId = "c-3",
            File = new PostedFile("file_1", "화면 1.png", "image/png", 245632, new string('a', 64), HasThumbnail: true),
        },
        new MessageEdited { At = At, MessageId = new("msg_1"), Content = "new", By = "kim" },
        new MessageDeleted { At = At, MessageId = new("msg_1"), By = "kim" },
        new ReactionChanged { At = At, MessageId = new("msg_1"), Emoji = "👍", UserId = "lee", Removed = true },
        new TitleChanged { At = At, Title = "t", By = "kim" },
        new MetadataChanged { At = At, Metadata = "{}", By = "kim" },
        new SessionArchived { At = At, By = "kim" },
        new SessionRestored { At = At, By = "kim" },
        new ParticipantJoined { At = At, ParticipantId = "0198f3c1-0000-7000-8000-000000000001", Nickname = "민수" },
        new MemberAdded { At = At, Member = new Member("lee", "Lee"), By = "kim" },
        new MemberRemoved { At = At, UserId = "lee", By = "kim" },
        new RunQueued { At = At, MessageId = new("msg_2"), AgentId = 1, AgentName = "Echo", PromptId = new("msg_1") },
        new StreamStarted { At = At, MessageId = new("msg_2"), SenderId = "1", SenderName = "Echo", Epoch = 1, StreamedBy = "bot", ClientMessageId = "c-2" },
        new RunClaimed { At = At, MessageId = new("msg_2"), Epoch = 2, Node = "node-1" },
        new StreamChunk { At = At, MessageId = new("msg_2"), Index = 0, Content = "안녕하세요", Epoch = 2 },
        new StreamEnded
        {
            At = At, MessageId = new("msg_2"), SenderId = "1", SenderName = "Echo", Status = "complete", Content = "안녕하세요", TokensUsed = 3, LatencyMs = 12, StreamedBy = "bot",
        },
        new NameClaimed { At = At, SessionId = new("sess_1"), By = "kim" },
    ];

    public static TheoryData<string> Manifests => [.. Codec.Manifests];

    [Fact]
    public void Every_event_has_a_sample() =>
        Assert.Equal(Codec.Manifests.Order(StringComparer.Ordinal), Samples.Select(e => Codec.Encode(e).Manifest).Order(StringComparer.Ordinal));

    [Theory, MemberData(nameof(Manifests))]
    public void An_event_is_written_and_read_as_its_golden_file_says(string manifest)
    {
        var sample = Samples.Single(e => Codec.Encode(e).Manifest == manifest);
        var payload = Codec.Encode(sample).Payload;
        var file = Path.Combine(GoldenFolder(), manifest.Replace('/', '.') + ".json");
        if (!File.Exists(file))
        {
            File.WriteAllBytes(file, payload);
            Assert.Fail($"{file} was not there and has been written: look at it and commit it");
        }
        var golden = File.ReadAllBytes(file);
        Assert.Equal(Encoding.UTF8.GetString(golden), Encoding.UTF8.GetString(payload));
        Assert.Equal(golden, Codec.Encode(Codec.Decode(manifest, golden)).Payload);
    }

    [Theory]
    [InlineData("message-posted/99", "{}")]
    [InlineData("message-posted/1", "{}")]
    [InlineData("message-posted/1", "null")]
    [InlineData("message-posted/1", "[")]
    [InlineData("", "")]
    public void What_is_no_such_event_is_said_to_be_none(string manifest, string payload) =>
        Assert.Throws<EventFormatException>(() => Codec.Decode(manifest, Encoding.UTF8.GetBytes(payload)));

    [Fact]
    public void A_participants_message_says_whose_it_is()
    {
        var posted = (MessagePosted)Samples.First(e => e is MessagePosted);
        var payload = Codec.Encode(posted with { ParticipantId = "p-1" }).Payload;
        Assert.Contains("\"participant_id\":\"p-1\"", Encoding.UTF8.GetString(payload), StringComparison.Ordinal);
        Assert.Equal("p-1", Assert.IsType<MessagePosted>(Codec.Decode("message-posted/1", payload)).ParticipantId);
    }

    [Fact]
    public void A_field_that_a_newer_version_added_does_not_hinder_reading()
    {
        var e = Codec.Decode("session-archived/1", """{"at":"2026-01-02T03:04:05.678Z","by":"kim","why":"new"}"""u8);
        Assert.Equal("kim", Assert.IsType<SessionArchived>(e).By);
    }

    [Fact]
    public void Ids_sort_in_the_order_they_were_made()
    {
        var ids = Enumerable.Range(0, 1000).Select(i => TimeOrderedId.Encode("msg_", Guid.CreateVersion7(At.AddMilliseconds(i)))).ToList();
        Assert.Equal(ids, ids.Order(StringComparer.Ordinal));
        Assert.All(ids, id => Assert.Equal(4 + TimeOrderedId.Length, id.Length));
    }

    private static string GoldenFolder([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "Golden", "events"));
}
