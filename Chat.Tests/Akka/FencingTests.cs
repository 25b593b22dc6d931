using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Protocol;
using Chat.Tests.Support;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.AkkaEngine;

/// <summary>Engines that do not know of each other write to the same sessions: the log takes each send once, in its sender's order, and they all come back.</summary>
public abstract class FencingTests(EngineStore store, int sessions, int posts) : IAsyncLifetime
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    public Task InitializeAsync() => store.CreateAsync();

    public async Task DisposeAsync() => await store.DisposeAsync();

    [ContractFact]
    public async Task Three_engines_over_one_database_write_one_history()
    {
        await using var one = EngineNode.OpenAkka(store, snapshotEvery: 15);
        await using var two = EngineNode.OpenAkka(store, snapshotEvery: 15);
        await using var three = EngineNode.OpenDefault(store, isShared: true, snapshotEvery: 15);
        EngineNode[] nodes = [one, two, three];
        var names = Enumerable.Range(1, sessions).Select(n => new SessionId($"s{n}")).ToList();
        await Task.WhenAll(names.Select((name, n) => UntilAcceptedAsync(nodes[n % 3], name, Create(name, Kim))));

        var sends = (await Task.WhenAll(nodes.SelectMany((node, n) => names.Select(name => WriteAsync(node, $"node{n}", name))))).SelectMany(sends => sends).ToList();

        // Every one of them by itself again, in each session.
        foreach (var node in nodes)
        {
            await Task.WhenAll(names.Select(name => UntilAcceptedAsync(node, name, Post("back", clientId: Guid.NewGuid().ToString()))));
        }

        var codec = new EventCodec();
        var logs = (await store.RowsAsync()).ToLookup(row => row.Log, row => (row.Seq, row.Writer, Event: codec.Decode(row.Manifest, row.Message)));
        foreach (var name in names)
        {
            var log = logs[name.Value].OrderBy(row => row.Seq).ToList();
            Assert.Equal(Enumerable.Range(1, log.Count).Select(seq => (long)seq), log.Select(row => row.Seq));
            var stored = log.Select(row => (row.Seq, Post: row.Event as MessagePosted)).Where(row => row.Post is not null).ToLookup(row => row.Post!.ClientMessageId!, row => row.Seq);
            foreach (var send in sends.Where(send => send.Session == name))
            {
                switch (send.Reply)
                {
                    case Accepted accepted:
                        Assert.Equal([accepted.Seq], stored[send.ClientId]);
                        break;
                    default:
                        Assert.Equal(ErrorCode.StorageUnavailable, ((Rejected)send.Reply).Code);
                        Assert.InRange(stored[send.ClientId].Count(), 0, 1);
                        break;
                }
            }
            Assert.Equal(3, stored.Count(send => !sends.Any(sent => sent.ClientId == send.Key)));
            foreach (var sender in sends.Where(send => send.Session == name && send.Reply is Accepted).GroupBy(send => send.Sender))
            {
                var seqs = sender.Select(send => ((Accepted)send.Reply).Seq).ToList();
                Assert.Equal(seqs.Order(), seqs);
            }
        }
        // Else nothing was fought over.
        Assert.All(names, name => Assert.InRange(logs[name.Value].Select(row => row.Writer).Distinct().Count(), 2, int.MaxValue));
        Assert.InRange(sends.Count(send => send.Reply is Accepted), 1, sends.Count);
        Assert.All(nodes, node => Assert.Empty(node.Said.Errors));
    }

    [ContractFact]
    public async Task Both_engines_see_what_the_other_has_written_since()
    {
        await using var one = EngineNode.OpenAkka(store);
        await using var two = EngineNode.OpenDefault(store, isShared: true);
        var name = new SessionId("s1");
        await UntilAcceptedAsync(one, name, Create(name, Kim));
        for (var n = 0; n < 6; n++)
        {
            var node = n % 2 == 0 ? two : one;
            Assert.Equal(2 + n, (await UntilAcceptedAsync(node, name, Post($"m{n}"))).Seq);
            Assert.Equal(2 + n, (await one.Engine.ReadAsync(name))!.Head);
            Assert.Equal(2 + n, (await two.Engine.ReadAsync(name))!.Head);
        }
    }

    /// <summary>In their order, some at once: who has all in one write fights little.</summary>
    private async Task<List<Sent>> WriteAsync(EngineNode node, string sender, SessionId session)
    {
        var sent = new List<Sent>();
        foreach (var some in Enumerable.Range(0, posts).Chunk(5))
        {
            var open = some.Select(n =>
            {
                var post = Post($"{sender}-{n}", clientId: $"{sender}-{session}-{n}");
                return (post.ClientMessageId, Reply: node.Engine.ActAsync(session, post).AsTask());
            }).ToList();
            foreach (var (clientId, reply) in open)
            {
                sent.Add(new Sent(session, sender, clientId!, await reply.WaitAsync(Long)));
            }
        }
        return sent;
    }

    private static async Task<Accepted> UntilAcceptedAsync(EngineNode node, SessionId session, SessionCommand command)
    {
        using var patience = new CancellationTokenSource(Long);
        while (true)
        {
            switch (await node.Engine.ActAsync(session, command, patience.Token))
            {
                case Accepted accepted:
                    return accepted;
                case Rejected rejected:
                    Assert.Equal(ErrorCode.StorageUnavailable, rejected.Code);
                    break;
            }
        }
    }

    private sealed record Sent(SessionId Session, string Sender, string ClientId, Reply Reply);
}

public sealed class FencingOnSqliteTests() : FencingTests(new SqliteEngineStore(), sessions: 4, posts: 20);

[RequiresPostgres]
public sealed class FencingOnPostgresTests() : FencingTests(new PostgresEngineStore(), sessions: 12, posts: 50);
