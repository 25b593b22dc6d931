using System.Runtime.CompilerServices;
using Akka.Actor;
using Chat.Actors.AkkaEngine;
using Chat.Actors.Sessions;
using Chat.Protocol;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.AkkaEngine;

/// <summary>The engine as the server has it: a cluster of one.</summary>
public sealed class AkkaSessionsTests : IAsyncLifetime
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    private readonly SqliteEngineStore _store = new();

    public Task InitializeAsync() => _store.CreateAsync();

    public async Task DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task Whoever_asks_while_the_engine_ends_is_answered()
    {
        var node = EngineNode.OpenAkka(_store);
        await using (node)
        {
            var sessions = Enumerable.Range(0, 8).Select(n => new SessionId($"s{n}")).ToList();
            foreach (var session in sessions)
            {
                Assert.IsType<Accepted>(await node.Engine.ActAsync(session, Create(session)).AsTask().WaitAsync(Long));
            }
            var writers = sessions.Select(session => Task.Run(() => WriteUntilRefusedAsync(node.Engine, session))).ToList();
            await Task.WhenAny(Task.WhenAll(writers), Task.Run(async () => await UntilStoredAsync(50))).WaitAsync(Long);
            await node.Engine.DisposeAsync();
            var accepted = (await Task.WhenAll(writers).WaitAsync(Long)).SelectMany(seqs => seqs).Count();
            Assert.InRange((await _store.RowsAsync()).Count, accepted + sessions.Count, int.MaxValue);
        }
    }

    /// <summary>As Akka.NET ends the actor system of a node that its cluster has taken for dead.</summary>
    [Fact]
    public async Task A_node_that_its_cluster_goes_on_without_begins_again_and_does_once_in_order_all_that_it_was_asked()
    {
        await using var node = EngineNode.OpenAkka(_store);
        var session = new SessionId("s1");
        Assert.IsType<Accepted>(await node.Engine.ActAsync(session, Create(session)).AsTask().WaitAsync(Long));
        for (var life = 0; life < 3; life++)
        {
            var asked = Enumerable.Range(0, 300).Select(n => node.Engine.ActAsync(session, Post($"{life}-{n}")).AsTask()).ToList();
            await asked[10].WaitAsync(Long);
            await SystemOf(NodeOf((AkkaSessions)node.Engine)).Terminate().WaitAsync(Long);
            Assert.All(await Task.WhenAll(asked).WaitAsync(Long), reply => Assert.IsType<Accepted>(reply));
        }
        var journal = _store.OpenJournal();
        await using (journal)
        {
            var posts = (await journal.ReadAsync("s1", 0, 10_000, default)).Select(e => e.Event).OfType<MessagePosted>().Select(post => post.Content);
            Assert.Equal(Enumerable.Range(0, 3).SelectMany(life => Enumerable.Range(0, 300).Select(n => $"{life}-{n}")), posts);
        }
        Assert.Equal(3, node.Said.Lines.Count(line => line.Contains("joins again", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Each_command_has_an_id_of_its_own_and_one_that_has_one_is_done_once()
    {
        await using var node = EngineNode.OpenAkka(_store);
        var session = new SessionId("s1");
        await node.Engine.ActAsync(session, Create(session)).AsTask().WaitAsync(Long);
        var first = Assert.IsType<Accepted>(await node.Engine.ActAsync(session, Post("a") with { CommandId = "mine" }).AsTask().WaitAsync(Long));
        var again = Assert.IsType<Accepted>(await node.Engine.ActAsync(session, Post("a") with { CommandId = "mine" }).AsTask().WaitAsync(Long));
        Assert.Equal(first.Seq, again.Seq);
        await node.Engine.ActAsync(session, Post("b")).AsTask().WaitAsync(Long);
        var journal = _store.OpenJournal();
        await using (journal)
        {
            var ids = (await journal.ReadAsync("s1", 0, 100, default)).Select(e => e.Event!.CommandId).ToList();
            Assert.Equal((3, "mine"), (ids.Distinct().Count(id => id is not null), ids[1]));
        }
    }

    [Fact]
    public async Task A_session_is_read_as_of_the_last_write_that_was_answered()
    {
        await using var node = EngineNode.OpenAkka(_store);
        var session = new SessionId("s1");
        Assert.Null(await node.Engine.ReadAsync(session));
        await node.Engine.ActAsync(session, Create(session)).AsTask().WaitAsync(Long);
        for (var seq = 2; seq < 20; seq++)
        {
            Assert.Equal(seq, Assert.IsType<Accepted>(await node.Engine.ActAsync(session, Post()).AsTask().WaitAsync(Long)).Seq);
            Assert.Equal(seq, (await node.Engine.ReadAsync(session))!.Head);
        }
        Assert.Equal((1, 1), node.Engine.Count());
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_node")]
    private static extern ref AkkaNode NodeOf(AkkaSessions engine);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_system")]
    private static extern ref ActorSystem SystemOf(AkkaNode node);

    /// <summary>Seqs of what was accepted.</summary>
    private static async Task<List<long>> WriteUntilRefusedAsync(ISessionEngine engine, SessionId session)
    {
        var seqs = new List<long>();
        while (true)
        {
            // Many at once, so that some are on their way into the engine's actors as those end.
            var replies = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => engine.ActAsync(session, Post()).AsTask()));
            seqs.AddRange(replies.OfType<Accepted>().Select(accepted => accepted.Seq));
            if (replies.OfType<Rejected>().FirstOrDefault() is { } rejected)
            {
                Assert.Equal(ErrorCode.StorageUnavailable, rejected.Code);
                return seqs;
            }
        }
    }

    private async Task UntilStoredAsync(int rows)
    {
        while ((await _store.RowsAsync()).Count < rows)
        {
            await Task.Yield();
        }
    }
}
