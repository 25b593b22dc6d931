using Chat.Actors.AkkaEngine;
using Chat.Protocol;
using Chat.Tests.Support;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.AkkaEngine;

/// <summary>The database goes away in the middle of a commit: nobody knows what became of it, and each send is in the log once all the same.</summary>
[RequiresPostgres]
public sealed class LostConnectionTests : IAsyncLifetime
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    private readonly PostgresEngineStore _store = new();

    public Task InitializeAsync() => _store.CreateAsync();

    public async Task DisposeAsync() => await _store.DisposeAsync();

    [ContractFact]
    public async Task What_a_cut_connection_leaves_open_is_in_the_log_once_and_answered()
    {
        await using var proxy = new CuttingProxy(_store.Database.Server.Port);
        await using var node = EngineNode.OpenAkka(_store, database: AkkaDatabase.Postgres(_store.Database.UrlThrough(proxy.Port), TimeSpan.FromSeconds(2)));
        var sessions = Enumerable.Range(1, 5).Select(n => new SessionId($"s{n}")).ToList();
        await Task.WhenAll(sessions.Select(session => AcceptAsync(node, session, Create(session))));
        CuttingProxy.Cut[] cuts = [CuttingProxy.Cut.BeforeCommit, CuttingProxy.Cut.SilenceBeforeCommit, CuttingProxy.Cut.AfterCommit, CuttingProxy.Cut.SilenceAfterCommit];
        foreach (var cut in cuts)
        {
            proxy.Arm(cut);
            await Task.WhenAll(sessions.SelectMany(session => Enumerable.Range(0, 3).Select(n => AcceptAsync(node, session, Post($"{cut}-{n}", clientId: $"{cut}-{n}")))));
        }
        var codec = new EventCodec();
        var logs = (await _store.RowsAsync()).Select(row => (row.Log, Event: codec.Decode(row.Manifest, row.Message))).ToLookup(row => row.Log, row => row.Event);
        var expected = cuts.SelectMany(cut => Enumerable.Range(0, 3).Select(n => $"{cut}-{n}"));
        Assert.All(sessions, session => Assert.Equal(expected, logs[session.Value].OfType<MessagePosted>().Select(m => m.Content)));
        Assert.Empty(node.Said.Errors);
        Assert.NotEmpty(node.Said.Lines);
    }

    /// <summary>Who is told that it was not done in time sends it again.</summary>
    private static async Task AcceptAsync(EngineNode node, SessionId session, SessionCommand command)
    {
        using var patience = new CancellationTokenSource(Long);
        while (await node.Engine.ActAsync(session, command, patience.Token) is not Accepted)
        {
        }
    }
}
