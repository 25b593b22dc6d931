using Chat.Actors.Persistence;
using Chat.Protocol;
using Chat.Tests.Support;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;

namespace Chat.Tests.Contracts;

/// <summary>How the projector gets through the log.</summary>
public abstract class ReadModelProjectionContract(ReadModelStore store) : ReadModelContract(store)
{
    [ContractFact]
    public async Task Each_event_counts_once_however_many_projectors_run()
    {
        var everyone = new DoctoredReadDatabase(Database) { EveryoneLeads = true };
        await using var first = NewProjector(everyone);
        await using var second = NewProjector(everyone);
        first.Start();
        second.Start();
        var session = Story.Create("s");
        for (var n = 0; n < 3000; n++)
        {
            Story.Post(session, $"{n}");
        }

        Assert.True(await first.WaitAsync(Log.Last, Long));
        Assert.True(await second.WaitAsync(Log.Last, Long));

        Assert.Equal((3000, "2999"), ((await OnlySessionAsync()).MessageCount, (await OnlySessionAsync()).LastMessage));
        Assert.Equal(3000, (await HistoryAsync(session)).Count);
        Assert.Equal((0, 0), (first.SetAsideCount, second.SetAsideCount));
    }

    [ContractFact]
    public async Task One_that_stands_by_follows_the_other_and_takes_over()
    {
        var first = NewProjector(Database);
        first.Start();
        var session = Story.Create("s");
        Assert.True(await first.WaitAsync(Log.Last, Long));
        await using var second = NewProjector(Database);
        second.Start();
        Story.Post(session, "while two are there");
        Assert.True(await second.WaitAsync(Log.Last, Long));

        await first.DisposeAsync();
        Story.Post(session, "after one has gone");

        Assert.True(await second.WaitAsync(Log.Last, Long));
        Assert.Equal(2, (await OnlySessionAsync()).MessageCount);
        Assert.True(second.IsLeading);
    }

    [ContractFact]
    public async Task What_cannot_be_applied_is_set_aside_and_the_rest_goes_on()
    {
        var session = Story.Create("s");
        var before = Story.Post(session, "before");
        var unreadable = Log.Add("s", null, "This version cannot read events of 'from-the-future/9'");
        Story.Post(session, "twice the same id", id: before.Value);
        Story.Post(session, "of a type that is none", type: "opera");
        Story.Post(new("nowhere"), "to a session that is not there");
        Story.Edit(session, new("msg_none"), "an edit of nothing");
        Story.Delete(session, new("msg_none"));
        Story.React(session, new("msg_none"), "👍", "ann");
        Story.Retitle(new("nowhere"), "no title");
        Log.Add("s", new UnknownEvent { At = Story.Tick() });
        Story.Post(session, "after");
        await ProjectAsync();

        Assert.Equal(["before", "after"], (await HistoryAsync(session)).Select(message => message.Content));
        var row = await OnlySessionAsync();
        Assert.Equal((2, "after"), (row.MessageCount, row.LastMessage));
        Assert.Equal(9, Projector.SetAsideCount);
        Assert.Equal(9, Said.Errors.Count());
        await using var connection = await Database.OpenAsync(CancellationToken.None);
        var poison = (await connection.QueryAsync<(long Ordering, string Log, string Error)>("SELECT ordering, log, error FROM chat_poison ORDER BY ordering")).AsList();
        Assert.Equal(9, poison.Count);
        Assert.Equal((unreadable.Ordering, "s", unreadable.Error!), poison[0]);
        Assert.Equal(["s", "s", "s", "nowhere", "s", "s", "s", "nowhere", "s"], poison.Select(set => set.Log));
    }

    [ContractFact]
    public async Task The_unreadable_alone_is_set_aside_once()
    {
        Log.Add("s", null, "unreadable\0");
        await ProjectAsync();
        await ProjectAsync();

        Assert.Equal(1, Projector.SetAsideCount);
        Assert.Single(Said.Errors);
    }

    [ContractFact]
    public async Task A_claimed_name_is_no_session()
    {
        Log.Add("code:ABCDEF", new NameClaimed { At = Story.Tick(), SessionId = new("s"), By = "ann" });
        await ProjectAsync();

        Assert.Equal((0, 0), (Projector.SetAsideCount, (await Model.ListSessionsAsync("ann", "active", null, 20, 0)).Total));
    }

    [ContractFact]
    public async Task A_read_waits_for_the_projector_and_goes_on_with_it()
    {
        Projector.Start();
        var session = Story.Create("s");
        await Model.WaitUntilCurrentAsync();
        Log.Hold();
        Story.Post(session, "held up");

        var read = Model.WaitUntilCurrentAsync().AsTask();
        Assert.Empty(await HistoryAsync(session));
        Assert.False(read.IsCompleted);
        Log.Release();
        await read;

        Assert.Single(await HistoryAsync(session));
    }

    [ContractFact]
    public async Task A_read_that_waits_too_long_says_that_the_read_model_is_behind()
    {
        Log.Hold();
        Projector.Start();
        Story.Create("s");
        var impatient = new ReadModel(Database, Log, Projector, Markers, TimeSpan.FromMilliseconds(20), TimeProvider.System);

        var error = await Assert.ThrowsAsync<JournalUnavailableException>(() => impatient.WaitUntilCurrentAsync().AsTask());

        Assert.Contains("read model is behind", error.Message, StringComparison.Ordinal);
        Log.Release();
        await Model.WaitUntilCurrentAsync();
    }

    [ContractFact]
    public async Task A_wait_that_is_given_up_ends()
    {
        Story.Create("s");
        using var gone = new CancellationTokenSource();
        var read = Model.WaitUntilCurrentAsync(gone.Token).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
    }

    [ContractFact]
    public async Task An_outage_is_said_once_and_lived_through()
    {
        var failures = 0;
        Log.BeforeRead = () =>
        {
            if (Interlocked.Increment(ref failures) is 2 or 3)
            {
                throw new JournalUnavailableException("Gone fishing");
            }
        };
        Projector.Start();
        var session = Story.Create("s");
        await Model.WaitUntilCurrentAsync();
        Story.Post(session, "one");
        await Model.WaitUntilCurrentAsync();
        Story.Post(session, "two");
        await Model.WaitUntilCurrentAsync();

        Assert.Equal(2, (await OnlySessionAsync()).MessageCount);
        Assert.Single(Said.Errors);
        Assert.Single(Said.Lines, line => line.StartsWith("The read model moves again", StringComparison.Ordinal));
    }

    [ContractFact]
    public async Task A_database_that_is_not_there_yet_is_waited_for()
    {
        var failures = 0;
        var database = new DoctoredReadDatabase(Database) { BeforeOpen = () => Fail(ref failures) };
        await using var projector = NewProjector(database);
        projector.Start();
        Story.Create("s");

        Assert.True(await projector.WaitAsync(Log.Last, Long));

        static void Fail(ref int failures)
        {
            if (failures++ < 2)
            {
                throw new IOException("No such host");
            }
        }
    }

    [ContractFact]
    public async Task Tables_of_a_newer_build_are_left_alone()
    {
        await using (var connection = await Database.OpenAsync(CancellationToken.None))
        {
            await connection.ExecuteAsync("UPDATE chat_projection SET name = 'read_model/9999'");
        }
        Story.Create("s");
        Projector.Start();
        await Eventually.TrueAsync(() => Said.Errors.Any());

        Assert.Equal(0, Projector.Position);
        Assert.Equal(0, (await Model.ListSessionsAsync("ann", "active", null, 20, 0)).Total);
    }

    [ContractFact]
    public async Task It_stops_while_it_waits_for_the_log()
    {
        Log.Hold();
        var projector = NewProjector(Database);
        projector.Start();
        Story.Create("s");
        await projector.DisposeAsync();
        Assert.Equal(0, projector.Position);
    }

    private Projector NewProjector(ReadDatabase database) => new(database, Log, TimeProvider.System, NullLogger<Projector>.Instance);

    private sealed record UnknownEvent : SessionEvent;
}
