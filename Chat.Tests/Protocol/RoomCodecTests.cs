using System.Text;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Protocol;

/// <summary>The list of a room, by itself.</summary>
public sealed class RoomCodecTests
{
    private readonly RoomCodec _codec = new("로비");
    private long _seq;

    public RoomCodecTests() => _codec.Load([], upTo: 0, hasOlder: false);

    [Fact]
    public void A_message_has_the_seeds_fields_and_those_that_are_passed_through()
    {
        var frame = Post("안녕 \"<b>\"", """{"color":{"hex":"#fff"},"client_message_id":"c"}""");

        Assert.Equal(
            """{"type":"messages","messages":[{"username":"Mina","content":"안녕 \"<b>\"","room_id":"로비","timestamp":"2026-01-02T03:04:05.678Z","color":{"hex":"#fff"},"client_message_id":"c"}]}""",
            Encoding.UTF8.GetString(frame!.Payload.Span));
    }

    [Fact]
    public void Reserved_names_are_the_rooms_own_whatever_a_sender_of_any_face_put_into_its_metadata()
    {
        var frame = Post("mine", """{"username":"admin","cont\u0065nt":"x","room_id":1,"timestamp":null,"file":{"url":"evil"},"__proto__":{"a":1},"twice":1,"twice":2}""");

        var message = List(frame).Single();
        Assert.Equal(["username", "content", "room_id", "timestamp", "__proto__", "twice"], message.EnumerateObject().Select(p => p.Name));
        Assert.Equal(("Mina", "mine", 2), (message.GetProperty("username").GetString(), message.GetProperty("content").GetString(), message.GetProperty("twice").GetInt32()));
    }

    [Fact]
    public void A_file_stands_by_its_name_and_beside_it()
    {
        var frame = Encode(Events.Shown("보세요"));

        Assert.Equal(
            $$"""{"type":"messages","messages":[{"username":"Mina","content":"화면 \"1\".png","room_id":"로비","timestamp":"2026-01-02T03:04:05.678Z","file":{{Events.FileJson()}}}]}""",
            Encoding.UTF8.GetString(frame!.Payload.Span));
    }

    [Fact]
    public void The_last_fifty_are_shown_oldest_first()
    {
        Frame? last = null;
        for (var i = 1; i <= 120; i++)
        {
            last = Post($"{i}");
        }

        Assert.Equal(Numbers(71, 120), Contents(last));
    }

    [Fact]
    public void An_edit_and_a_deletion_give_the_list_again()
    {
        Post("one");
        Post("two", """{"kept":true}""");

        var edited = Encode(new MessageEdited { At = Events.At, MessageId = new MessageId("msg_two"), Content = "2", By = "user-1" });
        Assert.Equal(["one", "2"], Contents(edited));
        Assert.True(List(edited)[1].GetProperty("kept").GetBoolean());
        Assert.Equal(["2"], Contents(Delete("one")));
        Assert.Equal("""{"type":"messages","messages":[]}""", Encoding.UTF8.GetString(Delete("two")!.Payload.Span));
    }

    [Fact]
    public void What_changes_nothing_that_is_shown_gives_no_list()
    {
        for (var i = 1; i <= 60; i++)
        {
            Post($"{i}");
        }

        Assert.Null(Encode(new MessageEdited { At = Events.At, MessageId = new MessageId("msg_1"), Content = "x", By = "user-1" }));
        Assert.Null(Encode(new MessageEdited { At = Events.At, MessageId = new MessageId("unknown"), Content = "x", By = "user-1" }));
        Assert.Null(Delete("2"));
        Assert.Null(Delete("unknown"));
        Assert.Null(Encode(new TitleChanged { At = Events.At, Title = "t", By = "user-1" }));
        Assert.Null(Encode(Answer("")));
        Assert.Equal("Echo", List(Encode(Answer("done")))[^1].GetProperty("username").GetString());
    }

    [Fact]
    public void One_list_is_made_for_a_message_however_many_ask_for_it()
    {
        var first = Post("one");

        Assert.All(Enumerable.Range(0, 100), _ => Assert.Same(first, _codec.Encode(_seq, 0, Events.Posted("one"))));
        Assert.Same(first, _codec.Current!.Value.List);
        // An event that the list has left behind gives the list of now.
        var second = Post("two");
        Assert.Same(second, _codec.Encode(_seq - 1, 0, Events.Posted("one")));
        Encode(new TitleChanged { At = Events.At, Title = "t", By = "user-1" });
        Assert.Same(second, _codec.Current!.Value.List);
        Assert.Null(_codec.Encode(_seq, 0, new TitleChanged { At = Events.At, Title = "t", By = "user-1" }));
    }

    [Fact]
    public void It_takes_no_event_in_that_does_not_follow()
    {
        Post("one");

        Assert.Throws<InvalidOperationException>(() => _codec.Encode(_seq + 2, 0, Events.Posted("three")));
        Assert.Throws<InvalidOperationException>(() => new RoomCodec("new").Encode(1, 0, Events.Posted()));
        Assert.Equal(_seq, _codec.UpTo);
    }

    [Fact]
    public void When_so_many_are_deleted_that_older_ones_move_up_it_has_to_be_loaded_anew()
    {
        for (var i = 1; i <= 200; i++)
        {
            Post($"{i}");
        }
        for (var i = 151; i <= 200; i++)
        {
            Delete($"{i}");
        }
        Assert.Equal(Numbers(101, 150), Contents(_codec.Current!.Value.List));

        Assert.Throws<InvalidOperationException>(() => Delete("150"));

        Assert.Null(_codec.UpTo);
        Assert.Null(_codec.Current);
        _codec.Load([.. Enumerable.Range(50, 100).Select(i => new RoomMessage(new MessageId($"msg_{i}"), "Mina", $"{i}", Events.At))], upTo: _seq, hasOlder: true);
        Assert.Equal(Numbers(100, 149), Contents(_codec.Current!.Value.List));
        Assert.Equal(Numbers(99, 148), Contents(Delete("149")));
    }

    [Fact]
    public void What_was_read_of_history_does_not_set_the_list_back()
    {
        Post("one");
        var list = Post("two");

        _codec.Load([], upTo: 1, hasOlder: false);

        Assert.Same(list, _codec.Current!.Value.List);
        Assert.Equal(2, _codec.UpTo);
    }

    [Fact]
    public void A_list_is_bounded_in_bytes_and_fifty_of_the_longest_messages_of_people_fit()
    {
        var metadata = $$"""{"x":"{{new string('y', Limits.MetadataBytes - 10)}}"}""";
        Frame? last = null;
        for (var i = 0; i < 60; i++)
        {
            last = Encode(Events.Posted() with { MessageId = new MessageId($"{i}"), Content = new string('\u0001', Limits.Content), Metadata = metadata });
        }
        Assert.Equal(50, List(last).Count);
        Assert.InRange(last!.Length, 6_000_000, 8_100_000);

        for (var i = 0; i < 60; i++)
        {
            last = Encode(Answer(new string('가', Limits.StreamContent)));
        }
        Assert.InRange(last!.Length, 6_000_000, 8_100_000);
        Assert.InRange(List(last).Count, 10, 15);
    }

    private static StreamEnded Answer(string content) => new()
    {
        At = Events.At,
        MessageId = MessageId.New(),
        SenderId = "1",
        SenderName = "Echo",
        Status = StreamStatus.Complete,
        Content = content,
    };

    private Frame? Post(string content, string? metadata = null) => Encode(Events.Posted(content) with { Metadata = metadata });

    private Frame? Delete(string content) => Encode(new MessageDeleted { At = Events.At, MessageId = new MessageId("msg_" + content), By = "user-1" });

    private Frame? Encode(SessionEvent e) => _codec.Encode(++_seq, 0, e);

    private static IReadOnlyList<System.Text.Json.JsonElement> List(Frame? frame) => [.. new NativeFrame(frame!.Payload.ToArray()).Root.GetProperty("messages").EnumerateArray()];

    private static IEnumerable<string?> Contents(Frame? frame) => List(frame).Select(message => message.GetProperty("content").GetString());

    private static IEnumerable<string> Numbers(int first, int last) => Enumerable.Range(first, last - first + 1).Select(i => $"{i}");
}
