using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Chat.Actors.AkkaEngine;
using Chat.Actors.Delivery;
using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Protocol;
using Chat.Tests.Contracts;
using Chat.Tests.Support;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.AkkaEngine;

/// <summary>One session's entity below a shard that the tests play, over a journal whose writes they end by hand; the test is its asker.</summary>
public abstract class EntityWorld : TestKit
{
    internal static readonly SessionId Session = new("s1");

    private readonly WriteControl _control;
    private long _number;

    private protected EntityWorld(WriteControl control) : base(
        ActorSystemSetup.Create(
            BootstrapSetup.Create().WithConfig(ConfigurationFactory.ParseString(
                $$"""
                {{ControlledJournal.Settings}}
                akka.persistence.snapshot-store.plugin = "akka.persistence.snapshot-store.inmem"
                akka.loglevel = OFF
                akka.stdout-loglevel = OFF
                akka.test.single-expect-default = 60s
                """)),
            control))
    {
        _control = control;
        Entities = new SessionEntities(Time);
        Services = new SessionServices
        {
            Journal = new HandJournal(),
            Time = Time,
            Publish = (_, events) =>
            {
                foreach (var e in events)
                {
                    Published.Enqueue(e);
                }
                AfterPublish();
            },
            Recovered = (_, head) => Recovered.Enqueue(head),
            FindMessage = (_, message) => FindMessage(message),
            SnapshotEvery = 20,
            Logger = Said,
        };
        Life = CreateTestProbe();
        var (services, entities) = (Services, Entities);
        var entity = Props.Create(() => new SessionEntity(Session.Value, services, entities));
        Shard = Sys.ActorOf(Props.Create(() => new ShardOfOne(entity, Life.Ref)));
        Sys.ActorOf(Props.Create(() => new LostAsks()));
    }

    private protected WriteControl Control => _control;

    private protected ManualTime Time { get; } = new();

    private protected SessionServices Services { get; }

    private protected SessionEntities Entities { get; }

    private protected CapturedLog<SessionServices> Said { get; } = new();

    private protected ConcurrentQueue<EncodedEvent> Published { get; } = [];

    private protected Action AfterPublish { get; set; } = () => { };

    private protected ConcurrentQueue<long> Recovered { get; } = [];

    private protected Func<MessageId, ValueTask<MessageFacts?>> FindMessage { get; set; } = _ => throw new InvalidOperationException("The history was not to be asked");

    /// <summary>Is told what the shard sees of the entity's life.</summary>
    private protected TestProbe Life { get; }

    private protected IActorRef Shard { get; }

    /// <summary>Where the test's own row is.</summary>
    private protected long Row { get; set; } = 1;

    private protected long Place { get; set; }

    /// <summary>Sends it as the next of the row; answers its number.</summary>
    private protected long Send(SessionCommand? command) => Send(Row, Place++, command);

    private protected long Send(long row, long place, SessionCommand? command, string asker = "node-1")
    {
        Shard.Tell(new SessionAsk(Session, asker, row, place, Time.GetUtcNow(), ++_number, "", command), TestActor);
        return _number;
    }

    private protected void BeginRow() => (Row, Place) = (Row + 1, 0);

    private protected async Task<SessionAnswer> AnswerAsync(long number)
    {
        var answer = await ExpectMsgAsync<SessionAnswer>();
        Assert.Equal(number, answer.Number);
        return answer;
    }

    private protected async Task<Accepted> AcceptedAsync(long number) => Assert.IsType<Accepted>((await AnswerAsync(number)).Reply);

    private protected async Task<ErrorCode> RejectedAsync(long number) => Assert.IsType<Rejected>((await AnswerAsync(number)).Reply).Code;

    /// <summary>Nothing was done, and the asker is to send it again.</summary>
    private protected async Task NotDoneAsync(params long[] numbers)
    {
        var answers = new List<SessionAnswer>();
        foreach (var _ in numbers)
        {
            answers.Add(await ExpectMsgAsync<SessionAnswer>());
        }
        Assert.Equal(numbers.Order(), answers.Select(answer => answer.Number).Order());
        Assert.All(answers, answer => Assert.Equal((null, null), (answer.Reply, answer.Fault)));
    }

    /// <summary>The entity takes what is sent to it in its order: this is refused at once, when it has all before it.</summary>
    private protected Task TakenAsync() => NotDoneAsync(Send(1, 7, Post("after a hole"), "node-" + Guid.NewGuid()));

    /// <summary>Returns when the entity has been told to go, before whatever comes to it later.</summary>
    private protected async Task StopAsync()
    {
        Shard.Tell(SessionEntity.Stop.Instance);
        Shard.Tell(new Identify(null), TestActor);
        await ExpectMsgAsync<ActorIdentity>();
    }

    /// <summary>Whatever has been sent has its answer.</summary>
    private protected ValueTask NothingAsync() => ExpectNoMsgAsync(TimeSpan.Zero);

    private protected async Task<Accepted> DoAsync(SessionCommand command) => await AcceptedAsync(Send(command));

    private protected async Task CreateAsync() => await DoAsync(Create(Session, Kim, null, new Member("lee", "Lee")));

    private protected async Task<List<MessageId>> PostManyAsync(int count)
    {
        var posts = Enumerable.Range(1, count).Select(n => Post($"m{n}")).ToList();
        foreach (var number in posts.Select(Send).ToList())
        {
            await AcceptedAsync(number);
        }
        return [.. posts.Select(post => post.MessageId)];
    }

    private protected async Task GoneAsync() => await Life.ExpectMsgAsync<ShardOfOne.Gone>();

    /// <summary>Ends the entity; the next command wakes another, whose askers are new to it.</summary>
    private protected async Task LetGoAsync()
    {
        Shard.Tell(SessionEntity.Stop.Instance);
        await GoneAsync();
    }

    private protected void AssertPublished(params IEnumerable<long> seqs) => Assert.Equal(seqs, Published.Select(e => e.Seq));
}
