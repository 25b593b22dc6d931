using System.Runtime.CompilerServices;
using System.Runtime.Serialization;
using System.Text;
using System.Text.Json;
using Akka.Actor;
using Akka.Configuration;
using Akka.TestKit.Xunit2;
using Chat.Actors.AkkaEngine;
using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Protocol;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.AkkaEngine;

/// <summary>Bytes between nodes and in the log.</summary>
public sealed class SerializerTests : TestKit
{
    private static readonly SessionId Session = new("세션😀");
    private static readonly MessageId Id = new("msg_1");
    private static readonly EventCodec Codec = new();

    private readonly AskSerializer _asks;
    private readonly LogSerializer _log;

    public SerializerTests() : base(ConfigurationFactory.ParseString("akka.loglevel = OFF\nakka.stdout-loglevel = OFF")) =>
        (_asks, _log) = (new AskSerializer((ExtendedActorSystem)Sys), new LogSerializer((ExtendedActorSystem)Sys, Codec));

    public static TheoryData<string> Kinds =>
        [.. typeof(SessionCommand).Assembly.GetTypes().Where(type => !type.IsAbstract && (type.IsSubclassOf(typeof(SessionCommand)) || type.IsSubclassOf(typeof(Reply)))).Select(type => type.Name)];

    public static TheoryData<string> Manifests => [.. Codec.Manifests];

    [Theory, MemberData(nameof(Kinds))]
    public void An_ask_and_an_answer_come_back_as_they_went(string kind)
    {
        foreach (var sample in Samples().Where(sample => sample.GetType().Name == kind))
        {
            if (sample is SessionCommand command)
            {
                var ask = Ask(command);
                var back = Assert.IsType<SessionAsk>(Back(ask));
                Assert.Equal(ask with { Command = null }, back with { Command = null });
                Assert.IsType(command.GetType(), back.Command);
                Assert.Equal(Text(command), Text(back.Command));
                Assert.Equal(command.Caller, back.Command.Caller);
            }
            else
            {
                var answer = new SessionAnswer(Session, 3, long.MaxValue, (Reply)sample);
                var back = Assert.IsType<SessionAnswer>(Back(answer));
                Assert.Equal(answer with { Reply = null }, back with { Reply = null });
                Assert.IsType(sample.GetType(), back.Reply);
                Assert.Equal(Text(sample), Text(back.Reply));
            }
        }
        Assert.Contains(Samples(), sample => sample.GetType().Name == kind);
    }

    [Fact]
    public void What_was_not_done_and_what_failed_come_back_as_they_went()
    {
        var notDone = SessionAnswer.NotDone(Ask(new ArchiveSession { Caller = Kim }));
        Assert.Equal(notDone, Back(notDone));
        var failed = new SessionAnswer(Session, 3, 4, Reply: null, "실패 😀", "trace_1");
        Assert.Equal(failed, Back(failed));
        Assert.Equal(failed with { Fault = "" }, Back(failed with { Fault = "" }));
    }

    [Fact]
    public void A_command_that_only_a_newer_version_knows_is_none_and_its_row_is_known()
    {
        var ask = Ask(new ArchiveSession { Caller = Kim });
        var bytes = Encoding.Latin1.GetString(_asks.ToBinary(ask)).Replace("archive-session", "newer-command--", StringComparison.Ordinal);
        Assert.Equal(ask with { Command = null }, _asks.FromBinary(Encoding.Latin1.GetBytes(bytes), _asks.Manifest(ask)));
    }

    [Fact]
    public void What_is_cut_short_or_made_up_is_said_to_be_no_message()
    {
        IAskMessage[] messages = [Ask(new ArchiveSession { Caller = Kim }), new SessionAnswer(Session, 3, 4, new Accepted { Seq = 1, At = Noon }), new SessionAnswer(Session, 3, 4, null, "fault")];
        foreach (var message in messages)
        {
            var (bytes, manifest) = (_asks.ToBinary(message), _asks.Manifest(message));
            for (var length = 0; length < bytes.Length; length++)
            {
                ReadOrRefuse(bytes[..length], manifest);
            }
            // Less than what stands before the command or reply is no message.
            Assert.Throws<SerializationException>(() => _asks.FromBinary(bytes[..20], manifest));
        }
        Assert.Throws<SerializationException>(() => _asks.FromBinary([], "ask/1"));
        Assert.Throws<SerializationException>(() => _asks.FromBinary([], "answer/1"));
    }

    [Fact]
    public void Whatever_bytes_come_either_are_a_message_or_are_refused()
    {
        var random = new Random(7);
        foreach (var message in new IAskMessage[] { Ask(new ArchiveSession { Caller = Kim }), new SessionAnswer(Session, 3, 4, new Accepted { Seq = 1, At = Noon }) })
        {
            var (good, manifest) = (_asks.ToBinary(message), _asks.Manifest(message));
            for (var n = 0; n < 20_000; n++)
            {
                var bytes = (byte[])good.Clone();
                for (var times = random.Next(1, 6); times > 0; times--)
                {
                    bytes[random.Next(random.Next(2) == 0 ? bytes.Length : 8)] = (byte)random.Next(256);
                }
                ReadOrRefuse(bytes, manifest);
            }
        }
        // A length in more bytes than a number has, and one below zero.
        Assert.Throws<SerializationException>(() => _asks.FromBinary([0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "ask/1"));
        Assert.Throws<SerializationException>(() => _asks.FromBinary([0xff, 0xff, 0xff, 0xff, 0x0f], "answer/1"));
    }

    [Theory]
    [InlineData("ask/2")]
    [InlineData("")]
    public void Another_manifest_is_refused(string manifest) =>
        Assert.Throws<SerializationException>(() => _asks.FromBinary(_asks.ToBinary(Ask(new ArchiveSession { Caller = Kim })), manifest));

    [Fact]
    public void An_unknown_manifest_of_no_bytes_is_refused() => Assert.Throws<SerializationException>(() => _asks.FromBinary([], "ask/2"));

    [Fact]
    public void The_serializers_ids_are_those_that_other_nodes_and_the_tables_know() =>
        Assert.Equal((7301, 7301, 7302), (_log.Identifier, JournalFormat.SerializerId, _asks.Identifier));

    [Theory, MemberData(nameof(Manifests))]
    public void An_event_is_logged_in_the_bytes_of_its_golden_file(string manifest)
    {
        var golden = File.ReadAllBytes(Path.Combine(GoldenFolder(), manifest.Replace('/', '.') + ".json"));
        var e = Assert.IsAssignableFrom<SessionEvent>(_log.FromBinary(golden, manifest));
        var (named, payload) = Codec.Encode(e);
        var logged = new LoggedEvent(e, named, payload);
        Assert.Equal(manifest, _log.Manifest(logged));
        Assert.Equal(golden, _log.ToBinary(logged));
    }

    [Fact]
    public void A_snapshot_is_kept_in_the_default_engines_bytes()
    {
        var snapshot = NewSession().ToSnapshot();
        Assert.Equal(SessionSnapshot.Manifest, _log.Manifest(snapshot));
        Assert.Equal(snapshot.ToBytes(), _log.ToBinary(snapshot));
        var back = Assert.IsType<SessionSnapshot>(_log.FromBinary(snapshot.ToBytes(), SessionSnapshot.Manifest));
        Assert.Equal(snapshot.ToBytes(), back.ToBytes());
    }

    [Theory]
    [InlineData("session-state/1", "{}")]
    [InlineData("session-state/3", "{}")]
    [InlineData("session-state/2", "{}")]
    [InlineData("session-state/2", "null")]
    [InlineData("session-state/2", "[")]
    [InlineData("session-state/2", "")]
    public void A_snapshot_that_this_version_cannot_read_is_said_to_be_one(string manifest, string bytes) =>
        Assert.IsType<UnreadableSnapshot>(_log.FromBinary(Encoding.UTF8.GetBytes(bytes), manifest));

    [Theory]
    [InlineData("message-posted/99", "{}")]
    [InlineData("message-posted/1", "[")]
    [InlineData("", "")]
    public void An_event_that_this_version_cannot_read_is_a_fault(string manifest, string bytes) =>
        Assert.Throws<EventFormatException>(() => _log.FromBinary(Encoding.UTF8.GetBytes(bytes), manifest));

    private static SessionAsk Ask(SessionCommand command) =>
        new(Session, "node-1", 7, 8, new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero), 9, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", command);

    private object Back(IAskMessage message) => _asks.FromBinary(_asks.ToBinary(message), _asks.Manifest(message));

    private void ReadOrRefuse(byte[] bytes, string manifest)
    {
        try
        {
            Assert.IsAssignableFrom<IAskMessage>(_asks.FromBinary(bytes, manifest));
        }
        catch (SerializationException)
        {
            // What it is to say of what it cannot read.
        }
    }

    private static string Text(object? value) => JsonSerializer.Serialize(value, value!.GetType());

    private static IEnumerable<object> Samples()
    {
        var caller = new Caller("kim", "김😀", IsAdmin: true, IsAgent: true);
        SessionCommand[] commands =
        [
            new CreateSession { Caller = caller, SessionId = Session, TraceId = "t", AgentId = 1, Title = "제목", Metadata = """{"a":[1,"\u2028"]}""", Members = [new Member("lee", "이")], OnlyNew = true },
            new PostMessage
            {
                Caller = caller, MessageId = Id, RunId = new MessageId("msg_2"), Content = "hello 😀\n", ClientMessageId = "c", ReplyTo = new MessageId("msg_0"),
                File = new PostedFile("file_1", "a.png", "image/png", 3, "abc", HasThumbnail: true), AnswerBy = new AnsweringAgent(1, "Echo"),
            },
            new EditMessage { Caller = caller, MessageId = Id, Content = "x" },
            new DeleteMessage { Caller = caller, MessageId = Id },
            new React { Caller = caller, MessageId = Id, Emoji = "👍", Remove = true },
            new UpdateSession { Caller = caller, Title = "t", Metadata = "{}", Restore = true },
            new ArchiveSession { Caller = Caller.Server },
            new JoinSession { Caller = caller, ParticipantId = "p", Nickname = "철수", AnyName = true },
            new AddMember { Caller = caller, Member = new Member("lee", "이", "member") },
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
            .. Enum.GetValues<ErrorCode>().Select(code => new Rejected(code, "안 돼", TimeSpan.FromMilliseconds(1500))),
        ];
        return [.. commands.Select(command => command with { CommandId = "id1" }), .. replies];
    }

    private static string GoldenFolder([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "Golden", "events"));
}
