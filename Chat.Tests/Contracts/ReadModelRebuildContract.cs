using System.Globalization;
using System.Text;
using Chat.Actors.Persistence;
using Chat.Protocol;
using Chat.Tests.Support;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;

namespace Chat.Tests.Contracts;

/// <summary>Dropping everything and filling it again out of the log.</summary>
public abstract class ReadModelRebuildContract(ReadModelStore store) : ReadModelContract(store)
{
    private static readonly string[] Tables =
    [
        "chat_sessions ORDER BY session_id", "chat_messages ORDER BY session_id, seq", "chat_members ORDER BY session_id, user_id",
        "chat_reactions ORDER BY message_id, emoji, user_id", "chat_open_runs ORDER BY message_id", "chat_poison ORDER BY ordering",
        "chat_read_markers ORDER BY user_id, session_id", "chat_projection ORDER BY name", "chat_list_totals WHERE sessions <> 0 ORDER BY user_id, status, agent_id",
    ];

    [ContractFact]
    public async Task A_rebuild_gives_the_rows_that_live_projection_gave()
    {
        foreach (var seed in new[] { 1, 20, 300 })
        {
            var random = new RandomStory(Story, Log, new Random(seed), $"r{seed}-");
            Projector.Start();
            for (var n = 0; n < 40; n++)
            {
                random.Tell(1 + (n * n % 37));
                // Batches of all sizes, also of one.
                await Model.WaitUntilCurrentAsync();
            }
        }
        Markers.Raise("ann", new("r1-1"), 17);
        await Markers.FlushAsync();
        var live = await DumpAsync();
        Assert.True(Projector.SetAsideCount > 10, $"{Projector.SetAsideCount}");
        var reports = new List<(long Position, long Target)>();

        await Projector.RebuildAsync(new Reports(reports), CancellationToken.None);

        Assert.Equal(live, await DumpAsync());
        Assert.Equal((Log.Last, Log.Last), reports[^1]);
    }

    [ContractFact]
    public async Task Messages_in_a_row_give_the_rows_that_each_of_them_gave_alone()
    {
        Projector.Start();
        SessionId[] sessions = [Story.Create("s1"), Story.Create("s2", members: ["bob"]), Story.Create("s3")];
        string[] contents = ["x", "안녕하세요 👋", "{\"quoted\",\\}", "two words", ""];
        string?[] metadata = [null, """{"a":[1,"b"]}""", """{"no jsonb":"\u0000"}"""];
        var random = new Random(7);
        MessageId? before = null;
        // More than one statement takes.
        for (var n = 0; n < 300; n++)
        {
            before = Story.Post(
                sessions[random.Next(3)],
                contents[n % contents.Length],
                random.Next(2) == 0 ? "ann" : "bob",
                metadata: metadata[n % metadata.Length],
                senderType: random.Next(4) == 0 ? "agent" : "user",
                replyTo: n % 4 == 0 ? before : null);
            if (n < 150 || n % 10 == 9)
            {
                await Model.WaitUntilCurrentAsync();
            }
        }
        var alone = await DumpAsync();

        await Projector.RebuildAsync(progress: null, CancellationToken.None);

        Assert.Equal(alone, await DumpAsync());
        Assert.Equal(0, Projector.SetAsideCount);
    }

    [ContractFact]
    public async Task An_interrupted_rebuild_goes_on_where_a_projector_starts_next()
    {
        new RandomStory(Story, Log, new Random(5), "s").Tell(Database.BatchSize + 500);
        await ProjectAsync();
        var live = await DumpAsync();
        var reads = 0;
        using var stop = new CancellationTokenSource();
        Log.BeforeRead = () =>
        {
            if (++reads == 2)
            {
                stop.Cancel();
                Log.Hold();
            }
        };
        await Projector.DisposeAsync();
        await using (var interrupted = new Projector(Database, Log, TimeProvider.System, NullLogger<Projector>.Instance))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => interrupted.RebuildAsync(null, stop.Token));
        }
        Assert.NotEqual(live, await DumpAsync());

        Log.BeforeRead = () => { };
        Log.Release();
        await using var next = new Projector(Database, Log, TimeProvider.System, NullLogger<Projector>.Instance);
        next.Start();
        Assert.True(await next.WaitAsync(Log.Last, Long));

        Assert.Equal(live, await DumpAsync());
    }

    [ContractFact]
    public async Task A_rebuild_beside_a_running_server_is_done_by_whichever_projects()
    {
        new RandomStory(Story, Log, new Random(6), "s").Tell(1500);
        await ProjectAsync();
        var live = await DumpAsync();
        await using var standAlone = new Projector(Database, Log, TimeProvider.System, NullLogger<Projector>.Instance);

        await standAlone.RebuildAsync(null, CancellationToken.None);

        Assert.Equal(live, await DumpAsync());
    }

    [ContractFact]
    public async Task The_last_message_and_the_count_are_those_of_the_history()
    {
        var random = new RandomStory(Story, Log, new Random(7), "s");
        for (var n = 0; n < 30; n++)
        {
            random.Tell(29);
            await ProjectAsync();
        }
        foreach (var session in random.Sessions)
        {
            var history = await HistoryAsync(session);
            var newest = history.LastOrDefault(message => !message.IsDeleted);
            await using var connection = await Database.OpenAsync(CancellationToken.None);
            var row = await connection.QuerySingleAsync<(string? LastMessage, int Count)>(
                "SELECT last_message, CAST(message_count AS INTEGER) FROM chat_sessions WHERE session_id = @id", new { id = session.Value });
            Assert.Equal((newest?.Content, history.Count), row);
        }
    }

    [ContractFact]
    public async Task One_of_the_first_version_is_filled_anew_when_it_is_brought_up_to_date()
    {
        new RandomStory(Story, Log, new Random(8), "s").Tell(1500);
        await ProjectAsync();
        var live = await DumpAsync();
        await Projector.DisposeAsync();

        await Store.Migrations.DownToAsync("read", 1);
        await Store.Migrations.UpAsync("read");
        Assert.NotEqual(live, await DumpAsync());
        await using var next = new Projector(Database, Log, TimeProvider.System, NullLogger<Projector>.Instance);
        next.Start();
        Assert.True(await next.WaitAsync(Log.Last, Long));

        Assert.Equal(live, await DumpAsync());
    }

    private async Task<string> DumpAsync()
    {
        var text = new StringBuilder();
        await using var connection = await Database.OpenAsync(CancellationToken.None);
        foreach (var table in Tables)
        {
            text.AppendLine(table);
            foreach (IDictionary<string, object?> row in await connection.QueryAsync($"SELECT * FROM {table}"))
            {
                var cells = row.Where(cell => cell.Key is not ("id" or "set_aside_at")).Select(cell => string.Create(CultureInfo.InvariantCulture, $"{cell.Key}={(cell.Value is int[] terms ? string.Join(',', terms) : cell.Value)}"));
                text.AppendLine(string.Join('|', cells));
            }
        }
        return text.ToString();
    }

    private sealed class Reports(List<(long Position, long Target)> reports) : IProgress<(long Position, long Target)>
    {
        public void Report((long Position, long Target) value) => reports.Add(value);
    }
}
