using Chat.Actors.Persistence;
using Chat.Protocol;
using Chat.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Chat.Tests.Contracts;

/// <summary>The read model beside the journal that the server has it beside.</summary>
public abstract class ReadModelOverJournalContract(ReadModelStore store) : ReadModelContract(store)
{
    [ContractFact]
    public async Task A_read_is_never_older_than_a_write_before_it()
    {
        await using var journal = await Store.OpenJournalAsync();
        await using var projector = new Projector(Database, journal, TimeProvider.System, NullLogger<Projector>.Instance);
        var model = new ReadModel(Database, journal, projector, Markers, Long, TimeProvider.System);
        projector.Start();

        await Task.WhenAll(Enumerable.Range(1, 8).Select(writer => Task.Run(() => WriteAndReadAsync(journal, model, $"writer-{writer}"))));

        Assert.Equal(0, projector.SetAsideCount);
        await projector.RebuildAsync(null, CancellationToken.None);
        Assert.Equal(25, (await model.PageMessagesAsync(new("writer-8"), null, null, 100))!.Total);
    }

    private static async Task WriteAndReadAsync(IJournal journal, ReadModel model, string name)
    {
        var chain = new AppendChain(name);
        var at = Events.At;
        Assert.Equal(AppendResult.Committed, await journal.AppendAsync(
            chain, 0, [new SessionCreated { At = at, SessionId = new(name), TraceId = name, UserId = name, UserName = name }]));
        for (var n = 1; n <= 25; n++)
        {
            Assert.Equal(AppendResult.Committed, await journal.AppendAsync(chain, n, [Events.Posted($"{name}-{n}")]));
            await model.WaitUntilCurrentAsync();

            var session = Assert.Single((await model.ListSessionsAsync(name, "active", null, 20, 0)).Sessions);
            Assert.Equal((n, $"{name}-{n}"), (session.MessageCount, session.LastMessage));
            Assert.Equal(n, (await model.PageMessagesAsync(new(name), null, null, 100))!.Messages.Count);
        }
    }
}
