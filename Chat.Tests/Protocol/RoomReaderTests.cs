using System.Text;
using System.Text.Json;
using Chat.Protocol;
using FsCheck;
using FsCheck.Fluent;

namespace Chat.Tests.Protocol;

/// <summary>Client frames of a room, from any bytes.</summary>
public sealed class RoomReaderTests
{
    private static readonly string[] Pieces =
    [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\"username\"", "\"content\"", "\"room_id\"", "\"client_message_id\"", "\"\\ud800\"", "\"\\u0000\"", "\"x\\udfff\"", "null",
        "1e999", "\"\"", " ", "\u00ff", "{\"a\":", "\"username\":\"a\",\"content\":\"b\"", "\"__proto__\":", "\n",
    ];

    [Fact]
    public void The_seeds_frame_is_read_and_its_other_fields_are_kept_as_they_were_written()
    {
        var request = Read("""
            {"username":"민아","content":" 안녕 ","room_id":"elsewhere","timestamp":"1999","color":{"hex": "#fff"},"n":1.50,"client_message_id":"c-1","file":null}
            """);

        Assert.Equal(("민아", " 안녕 ", "c-1"), (request!.Username, request.Content, request.ClientMessageId));
        Assert.Equal("""{"color":{"hex": "#fff"},"n":1.50,"client_message_id":"c-1","file":null}""", request.Metadata);
    }

    [Fact]
    public void Without_other_fields_there_is_no_metadata() => Assert.Null(Read("""{"username":"a","content":"b","room_id":"r","timestamp":1}""")!.Metadata);

    [Theory]
    [InlineData("5")]
    [InlineData("null")]
    [InlineData("""{"a":1}""")]
    public void A_client_id_that_is_no_string_is_a_field_like_any_other(string id)
    {
        var request = Read($$"""{"username":"a","content":"b","client_message_id":{{id}},"type":7}""");

        Assert.Null(request!.ClientMessageId);
        Assert.Equal($$"""{"client_message_id":{{id}},"type":7}""", request.Metadata);
    }

    [Fact]
    public void A_name_that_is_written_with_escapes_is_the_same_name()
    {
        var request = Read("""{"\u0075sername":"a","cont\u0065nt":"b","r\u006fom_id":"x"}""");

        Assert.Equal(("a", "b", null), (request!.Username, request.Content, request.Metadata));
    }

    [Theory]
    [InlineData("nonsense", ErrorCode.BadJson)]
    [InlineData("[1]", ErrorCode.BadJson)]
    [InlineData("{}", ErrorCode.BadField)]
    [InlineData("""{"username":"a"}""", ErrorCode.BadField)]
    [InlineData("""{"username":"a","content":5}""", ErrorCode.BadField)]
    [InlineData("""{"username":5,"content":"b"}""", ErrorCode.BadField)]
    [InlineData("""{"username":"","content":"b"}""", ErrorCode.BadField)]
    [InlineData("""{"username":" \t　","content":"b"}""", ErrorCode.BadField)]
    [InlineData("""{"username":"a\u0000","content":"b"}""", ErrorCode.BadField)]
    [InlineData("""{"username":"a","content":"b","x":"\ud800"}""", ErrorCode.BadField)]
    [InlineData("""{"username":"a","content":"b","x":{"y":["\u0000"]}}""", ErrorCode.BadField)]
    [InlineData("""{"username":"a","content":"b","\u0000":1}""", ErrorCode.BadField)]
    public void Whatever_is_wrong_is_refused_by_its_code(string frame, ErrorCode code)
    {
        Assert.Null(RoomReader.Read(Encoding.UTF8.GetBytes(frame), out var rejected, out _));
        Assert.Equal(code, rejected!.Code);
    }

    [Fact]
    public void Names_have_100_characters_and_json_32_levels()
    {
        string Frame(string name, string more) => $$"""{"username":"{{name}}","content":"b"{{more}}}""";
        string Deep(int levels) => ",\"x\":" + new string('[', levels) + new string(']', levels);

        Assert.NotNull(Read(Frame(string.Concat(Enumerable.Repeat("😀", 100)), Deep(31))));
        Assert.Equal(ErrorCode.TooLong, Refused(Frame(new string('a', 101), "")));
        Assert.Equal(ErrorCode.TooLong, Refused(Frame("a", $",\"client_message_id\":\"{new string('c', 101)}\"")));
        Assert.Equal(ErrorCode.BadJson, Refused(Frame("a", Deep(32))));
        Assert.Equal(ErrorCode.BadJson, Refused(Frame("a", Deep(10_000))));
    }

    [Fact]
    public void No_pieces_of_frames_make_it_throw() => Prop.ForAll(Gen.Elements(Pieces).ArrayOf().ToArbitrary(), pieces =>
    {
        var request = RoomReader.Read(Encoding.UTF8.GetBytes(string.Concat(pieces)), out var rejected, out _);
        using var metadata = JsonDocument.Parse(request?.Metadata ?? "{}");
        return request is null != rejected is null && metadata.RootElement.ValueKind == JsonValueKind.Object;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    private static RoomRequest? Read(string frame)
    {
        var request = RoomReader.Read(Encoding.UTF8.GetBytes(frame), out var rejected, out _);
        Assert.Null(rejected);
        return request;
    }

    private static ErrorCode Refused(string frame)
    {
        Assert.Null(RoomReader.Read(Encoding.UTF8.GetBytes(frame), out var rejected, out _));
        return rejected!.Code;
    }
}
