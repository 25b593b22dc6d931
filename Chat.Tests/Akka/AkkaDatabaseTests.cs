using Chat.Actors.AkkaEngine;
using Chat.Actors.Persistence;
using Chat.Tests.Support;
using Dapper;

namespace Chat.Tests.AkkaEngine;

public sealed class AkkaDatabaseTests
{
    /// <summary>What is acknowledged outlives a loss of power only with these.</summary>
    [Fact]
    public async Task A_connection_to_the_file_syncs_each_commit_of_its_write_ahead_log()
    {
        await using var store = new SqliteEngineStore();
        await store.CreateAsync();
        await using var journal = store.OpenJournal();
        await using var connection = await store.ConnectAsync();
        Assert.Equal(2, await connection.ExecuteScalarAsync<int>("PRAGMA synchronous"));
        Assert.Equal("wal", await connection.ExecuteScalarAsync<string>("PRAGMA journal_mode"));
    }

    [Fact]
    public void A_file_that_is_not_there_is_not_made() =>
        Assert.Throws<Microsoft.Data.Sqlite.SqliteException>(() =>
        {
            using var folder = new TempFolder();
            using var connection = new Microsoft.Data.Sqlite.SqliteConnection(AkkaDatabase.Sqlite(folder.File("none.db"), TimeSpan.FromSeconds(1)).ConnectionString);
            connection.Open();
        });

    [Fact]
    public void A_password_is_not_shown() =>
        Assert.DoesNotContain("secret", AkkaDatabase.Postgres("postgresql://user:secret@host/db", TimeSpan.FromSeconds(3)).ToString(), StringComparison.Ordinal);

    [Fact]
    public void A_statement_has_the_time_that_an_append_has()
    {
        Assert.Equal(3, new Npgsql.NpgsqlConnectionStringBuilder(AkkaDatabase.Postgres("postgresql://user@host/db", TimeSpan.FromSeconds(3)).ConnectionString).CommandTimeout);
        Assert.Equal(3, new Microsoft.Data.Sqlite.SqliteConnectionStringBuilder(AkkaDatabase.Sqlite("a.db", TimeSpan.FromSeconds(3)).ConnectionString).DefaultTimeout);
    }
}
