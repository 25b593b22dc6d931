using Chat.Actors.Persistence;
using Chat.Tests.Contracts;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Chat.Tests.Persistence;

/// <summary>What only the full-text table has.</summary>
public sealed class SqliteSearchTests() : ReadModelContract(new SqliteReadModelStore())
{
    [Fact]
    public async Task Of_what_is_deleted_and_of_what_was_edited_away_nothing_is_left_in_the_table()
    {
        var session = Story.Create("s");
        var (first, second) = (Story.Post(session, "가나 a b 👍"), Story.Show(session, new("file_1", "Ｎame.txt", "text/plain", 1, new string('a', 64), HasThumbnail: false), "cafe\u0301"));
        await ProjectAsync();
        Story.Edit(session, first, "xy");
        Story.Edit(session, second, "xy");
        Story.Delete(session, second);
        await ProjectAsync();

        Assert.Equal([SearchTerms.ToText([SearchTerms.OfSession("s")]).Trim(), "xy"], await TermsAsync());
        Story.Delete(session, first);
        await ProjectAsync();
        Assert.Empty(await TermsAsync());
    }

    [Fact]
    public async Task A_rebuild_empties_the_table_first()
    {
        Story.Post(Story.Create("s"), "once");
        await ProjectAsync();
        await using (var connection = await Database.OpenAsync(CancellationToken.None))
        {
            await connection.ExecuteAsync("INSERT INTO chat_search (rowid, terms) VALUES (1, 'zz')");
        }
        Assert.Contains("zz", await TermsAsync());

        await Projector.RebuildAsync(null, CancellationToken.None);

        Assert.DoesNotContain("zz", await TermsAsync());
        Assert.Contains("ce", await TermsAsync());
    }

    [Fact]
    public async Task What_runs_too_long_is_interrupted()
    {
        await using var connection = await Database.OpenAsync(CancellationToken.None);
        using var stop = new CancellationTokenSource();
        await using var interrupt = Database.InterruptWith(connection, stop.Token);
        var endless = Task.Run(() => connection.ExecuteScalar("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"));

        // As soon as it runs: before that, an interrupt would have nothing to end.
        while (!endless.IsCompleted)
        {
            await stop.CancelAsync();
            SQLitePCL.raw.sqlite3_interrupt(((SqliteConnection)connection).Handle);
            await Task.WhenAny(endless, Task.Delay(10));
        }
        Assert.Equal(9, (await Assert.ThrowsAsync<SqliteException>(() => endless)).SqliteErrorCode);
    }

    private async Task<IEnumerable<string>> TermsAsync()
    {
        await using var connection = await Database.OpenAsync(CancellationToken.None);
        await connection.ExecuteAsync("CREATE VIRTUAL TABLE IF NOT EXISTS temp.chat_search_terms USING fts5vocab(main, chat_search, row)");
        return (await connection.QueryAsync<string>("SELECT term FROM temp.chat_search_terms WHERE doc > 0 ORDER BY term")).AsList();
    }
}
