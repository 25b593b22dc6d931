using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Protocol;
using Chat.Tests.Contracts;
using Chat.Tests.Support;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.AkkaEngine;

/// <summary>Whatever one engine has written the other goes on with, in the same tables and the same bytes.</summary>
public abstract class BothEnginesTests(EngineStore store) : IAsyncLifetime
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    public Task InitializeAsync() => store.CreateAsync();

    public async Task DisposeAsync() => await store.DisposeAsync();

    [ContractFact]
    public async Task A_story_that_they_tell_in_turns_is_one()
    {
        var talk = new RandomTalk(new Random(4711), "s", sessions: 5);
        await using var journal = store.OpenJournal();
        var said = new CapturedLog<Projector>();
        await using var projector = new Projector(store.Read, journal, TimeProvider.System, said);
        projector.Start();

        // Of what was accepted: its session, and the seq that it was told.
        var accepted = new List<(SessionId Session, SessionCommand Command, Accepted Reply)>();
        foreach (var engine in (string[])["akka", "default", "akka", "default", "default", "akka", "akka"])
        {
            await using var node = EngineNode.Open(store, engine, snapshotEvery: 9);
            for (var burst = 0; burst < 12; burst++)
            {
                var sent = Enumerable.Range(0, 20).Select(_ => talk.Next()).Select(next => (next.Session, next.Command, Reply: node.Engine.ActAsync(next.Session, next.Command).AsTask())).ToList();
                foreach (var (session, command, reply) in sent)
                {
                    switch (await reply.WaitAsync(Long))
                    {
                        case Accepted done:
                            accepted.Add((session, command, done));
                            break;
                        case Rejected rejected:
                            Assert.NotEqual(ErrorCode.StorageUnavailable, rejected.Code);
                            break;
                    }
                }
            }
            Assert.Empty(node.Said.Errors);
            await AssertLogsAsync(journal, talk.Sessions);
            AssertPublishedAsLogged(node, await store.RowsAsync());
        }

        var rows = await store.RowsAsync();
        var bySession = rows.ToLookup(row => row.Log);
        Assert.All(talk.Sessions, session => Assert.InRange(bySession[session.Value].Select(row => row.Writer).Distinct().Count(), 6, int.MaxValue));
        foreach (var (session, command, reply) in accepted.Where(done => done.Command is PostMessage && !done.Reply.Repeat))
        {
            var row = bySession[session.Value].Single(row => row.Seq == reply.Seq);
            Assert.Equal(((PostMessage)command).MessageId, Assert.IsAssignableFrom<MessagePosted>(new EventCodec().Decode(row.Manifest, row.Message)).MessageId);
        }

        Assert.True(await projector.WaitAsync(rows[^1].Ordering, Long));
        Assert.Empty(said.Errors);
        Assert.Equal(0, projector.SetAsideCount);
        await using var markers = new ReadMarkers(store.Read, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<ReadMarkers>.Instance);
        var model = new ReadModel(store.Read, journal, projector, markers, Long, TimeProvider.System);
        foreach (var session in talk.Sessions)
        {
            var posted = bySession[session.Value].Select(row => new EventCodec().Decode(row.Manifest, row.Message)).OfType<MessagePosted>().Select(m => m.MessageId).ToList();
            var shown = (await model.PageMessagesAsync(session, null, null, 10_000))!.Messages.Select(message => message.MessageId);
            Assert.Equal(posted, shown.Where(posted.Contains));
        }
    }

    [ContractFact]
    public async Task Each_wakes_from_the_others_snapshot()
    {
        foreach (var (first, second) in new[] { ("akka", "default"), ("default", "akka") })
        {
            var session = new SessionId($"by-{first}");
            var once = Post("once", clientId: "c1");
            await using (var node = EngineNode.Open(store, first, snapshotEvery: 10))
            {
                await AcceptAsync(node, session, Create(session, Kim, null, new Member("lee", "Lee")));
                await AcceptAsync(node, session, once);
                for (var n = 0; n < 30; n++)
                {
                    await AcceptAsync(node, session, Post($"m{n}"));
                }
                await UntilAsync(async () => (await store.SnapshotsAsync()).Any(row => row.Log == session.Value && row.Seq >= 20));
            }
            var snapshot = (await store.SnapshotsAsync()).Last(row => row.Log == session.Value);
            Assert.Equal((SessionSnapshot.Manifest, JournalFormat.SerializerId), (snapshot.Manifest, snapshot.Serializer));
            // Whoever read the log from its beginning would find none.
            await store.ExecuteAsync($"DELETE FROM journal WHERE persistence_id = '{session.Value}' AND sequence_number <= {snapshot.Seq - 1}");
            await using (var node = EngineNode.Open(store, second, snapshotEvery: 10))
            {
                Assert.Equal((true, 2L), (await AcceptAsync(node, session, once)) is var again ? (again.Repeat, again.Seq) : default);
                Assert.Equal(33, (await AcceptAsync(node, session, Post("next"))).Seq);
                Assert.Equal(34, (await AcceptAsync(node, session, Post("next", Lee))).Seq);
            }
        }
    }

    /// <summary>The log without a hole and in the codec's bytes, and each snapshot as the log up to it says.</summary>
    private async Task AssertLogsAsync(IJournal journal, IReadOnlyList<SessionId> sessions)
    {
        var codec = new EventCodec();
        var rows = await store.RowsAsync();
        foreach (var row in rows)
        {
            var (manifest, payload) = codec.Encode(codec.Decode(row.Manifest, row.Message));
            Assert.Equal((manifest, JournalFormat.SerializerId, false), (row.Manifest, row.Identifier, row.Deleted));
            Assert.Equal(payload, row.Message);
        }
        var states = new Dictionary<(string, long), SessionSnapshot>();
        foreach (var session in sessions)
        {
            var log = rows.Where(row => row.Log == session.Value).ToList();
            Assert.Equal(Enumerable.Range(1, log.Count).Select(seq => (long)seq), log.Select(row => row.Seq));
            var read = await journal.ReadAsync(session.Value, 0, int.MaxValue, default);
            Assert.Equal(log.Select(row => row.Message), read.Select(e => codec.Encode(e.Event!).Payload));
            var state = new SessionState();
            foreach (var e in read)
            {
                state.Apply(e.Event!);
                states[(session.Value, e.Seq)] = state.ToSnapshot();
            }
        }
        foreach (var row in await store.SnapshotsAsync())
        {
            Assert.Equal((SessionSnapshot.Manifest, JournalFormat.SerializerId), (row.Manifest, row.Serializer));
            Assert.Equal(Text(states[(row.Log, row.Seq)]), Text(SessionSnapshot.FromBytes(row.State)));
        }
        var all = await journal.ReadAllAsync(0, int.MaxValue, default);
        Assert.Equal(rows.Select(row => (row.Log, row.Seq)), all.Select(e => (e.Log, e.Seq)));
    }

    private static void AssertPublishedAsLogged(EngineNode node, List<EngineStore.JournalRow> rows)
    {
        var codec = new EventCodec();
        var logged = rows.ToDictionary(row => (row.Log, row.Seq), row => row.Message);
        foreach (var published in node.Published.GroupBy(p => p.Session))
        {
            var seqs = published.Select(p => p.Event.Seq).ToList();
            Assert.Equal(Enumerable.Range(0, seqs.Count).Select(n => seqs[0] + n), seqs);
            Assert.All(published, p => Assert.Equal(logged[(p.Session.Value, p.Event.Seq)], codec.Encode(p.Event.Event).Payload));
        }
    }

    /// <summary>Members in one order: a set has none.</summary>
    private static string Text(SessionSnapshot snapshot) =>
        System.Text.Encoding.UTF8.GetString((snapshot with { Members = [.. snapshot.Members.OrderBy(member => member.UserId, StringComparer.Ordinal)] }).ToBytes());

    private static async Task<Accepted> AcceptAsync(EngineNode node, SessionId session, SessionCommand command) =>
        Assert.IsType<Accepted>(await node.Engine.ActAsync(session, command).AsTask().WaitAsync(Long));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(Long);
        while (!await condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}

public sealed class BothEnginesOnSqliteTests() : BothEnginesTests(new SqliteEngineStore());

[RequiresPostgres]
public sealed class BothEnginesOnPostgresTests() : BothEnginesTests(new PostgresEngineStore());
