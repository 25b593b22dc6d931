using System.Reflection;
using System.Text;
using System.Text.Json;
using Chat.Protocol;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.Protocol;

public sealed class CommandCodecTests
{
    private static readonly MessageId Id = new("msg_1");
    private static readonly Member Member = new("lee", "이", "member");

    public static readonly TheoryData<string> Names = [.. Samples().Select(sample => sample.GetType().Name).Distinct()];

    [Fact]
    public void Every_command_and_reply_has_a_sample()
    {
        var types = typeof(SessionCommand).Assembly.GetTypes().Where(type => !type.IsAbstract && (type.IsSubclassOf(typeof(SessionCommand)) || type.IsSubclassOf(typeof(Reply))));
        Assert.Equal(types.Select(type => type.Name).Order(StringComparer.Ordinal), Samples().Select(sample => sample.GetType().Name).Distinct().Order(StringComparer.Ordinal));
    }

    /// <summary>A property that is left at its default shows nothing.</summary>
    [Fact]
    public void The_samples_set_every_property()
    {
        foreach (var samples in Samples().GroupBy(sample => sample.GetType()))
        {
            foreach (var property in samples.Key.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite))
            {
                var usual = property.PropertyType.IsValueType ? Activator.CreateInstance(property.PropertyType) : null;
                Assert.True(samples.Any(sample => !Equals(property.GetValue(sample), usual)), $"{samples.Key.Name}.{property.Name} has no sample");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void It_comes_back_as_it_went(string name)
    {
        foreach (var sample in Samples().Where(sample => sample.GetType().Name == name))
        {
            object? back = sample is SessionCommand command ? CommandCodec.DecodeCommand(CommandCodec.Encode(command)) : CommandCodec.DecodeReply(CommandCodec.Encode((Reply)sample));
            Assert.IsType(sample.GetType(), back);
            // By all that it holds: a list in a record is equal to itself alone.
            Assert.Equal(Text(sample), Text(back));
            if (back is SessionCommand { Caller: var caller })
            {
                Assert.Equal(((SessionCommand)sample).Caller, caller);
            }
        }
    }

    [Fact]
    public void The_server_is_known_as_itself_on_the_other_side() =>
        Assert.True(CommandCodec.DecodeCommand(CommandCodec.Encode(new ArchiveSession { Caller = Caller.Server }))!.Caller == Caller.Server);

    [Theory]
    [InlineData("""{"$type":"from-a-later-version","Caller":{"UserId":"kim","Name":"Kim"}}""")]
    [InlineData("""{"Caller":{"UserId":"kim","Name":"Kim"}}""")]
    [InlineData("""{"$type":"edit-message","Caller":{"UserId":"kim","Name":"Kim"}}""")]
    [InlineData("""{"$type":"post-message",""")]
    [InlineData("[]")]
    [InlineData("")]
    public void What_this_version_does_not_know_is_no_command(string json)
    {
        Assert.Null(CommandCodec.DecodeCommand(Encoding.UTF8.GetBytes(json)));
        Assert.Null(CommandCodec.DecodeReply(Encoding.UTF8.GetBytes(json)));
    }

    private static string Text(object? value) => JsonSerializer.Serialize(value, value!.GetType());

    private static IEnumerable<object> Samples()
    {
        var caller = new Caller("kim", "김😀", IsAdmin: true, IsAgent: true);
        SessionCommand[] commands =
        [
            new CreateSession
            {
                Caller = caller, SessionId = new SessionId("s1"), TraceId = "t", AgentId = 1, AgentName = "Echo", AgentExternal = true, Title = "제목",
                Metadata = """{"a":[1,"\u2028"]}""", Members = [Member], ChannelUrl = "ch", SessionCode = "ABC234", Open = true, OnlyNew = true,
            },
            new PostMessage
            {
                Caller = caller, MessageId = Id, RunId = new MessageId("msg_2"), Content = "hello 😀\n", MessageType = "question", ClientMessageId = "c", Metadata = "{}",
                ReplyTo = new MessageId("msg_0"), File = new PostedFile("file_1", "a.png", "image/png", 3, "abc", HasThumbnail: true), AnswerBy = new AnsweringAgent(1, "Echo"),
            },
            new EditMessage { Caller = caller, MessageId = Id, Content = "x" },
            new DeleteMessage { Caller = caller, MessageId = Id },
            new React { Caller = caller, MessageId = Id, Emoji = "👍", Remove = true },
            new UpdateSession { Caller = caller, Title = "t", Metadata = "{}", Restore = true },
            new ArchiveSession { Caller = caller },
            new JoinSession { Caller = caller, ParticipantId = "p", Nickname = "철수", AnyName = true },
            new AddMember { Caller = caller, Member = Member },
            new RemoveMember { Caller = caller, UserId = "lee" },
            new ClaimRun { Caller = Caller.Server, MessageId = Id, Node = "n" },
            new AppendChunk { Caller = Caller.Server, MessageId = Id, Content = "word ", Epoch = 2, Index = 3, Node = "n" },
            new EndStream { Caller = Caller.Server, MessageId = Id, Status = StreamStatus.Complete, TokensUsed = 4, LatencyMs = 5, Epoch = 2, Node = "n" },
            new StartStream { Caller = caller, MessageId = Id, ClientMessageId = "c", AnyRole = true, Node = "n" },
            new StopRun { Caller = caller, MessageId = Id },
        ];
        Reply[] replies =
        [
            new Accepted { Seq = 7, At = Noon, MessageId = Id, RunId = new MessageId("msg_2"), Status = "queued", Epoch = 2, Repeat = true },
            new Rejected(ErrorCode.RateLimit, "slow", TimeSpan.FromMilliseconds(1500)),
            .. Enum.GetValues<ErrorCode>().Select(code => new Rejected(code, "no")),
        ];
        return [.. commands.Select(command => command with { CommandId = "id1" }), .. replies];
    }
}
