using System.Data.Common;
using Chat.Actors.Persistence;
using LinqToDB;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Chat.Actors.AkkaEngine;

/// <param name="Provider">As linq2db names it.</param>
/// <param name="ConnectionString">Holds the password, so it is not shown.</param>
/// <param name="Timeout">A statement that takes longer has failed.</param>
public sealed record AkkaDatabase(string Provider, string ConnectionString, TimeSpan Timeout)
{
    public static AkkaDatabase Sqlite(string path, TimeSpan timeout) =>
        new(ProviderName.SQLiteMS, new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWrite, DefaultTimeout = Seconds(timeout) }.ToString(), timeout);

    /// <param name="url">As <see cref="PostgresUrl"/> reads it.</param>
    /// <exception cref="FormatException" />
    public static AkkaDatabase Postgres(string url, TimeSpan timeout)
    {
        var settings = PostgresUrl.Parse(url);
        settings.CommandTimeout = Seconds(timeout);
        return new(ProviderName.PostgreSQL15, settings.ToString(), timeout);
    }

    internal DataOptions ToDataOptions()
    {
        var options = new DataOptions().UseConnectionString(Provider, ConnectionString);
        return Provider == ProviderName.PostgreSQL15 ? options.UseAfterConnectionOpened(SetUp, SetUpAsync) : options;
    }

    public override string ToString() => Provider;

    private void SetUp(DbConnection connection)
    {
        using var command = PostgresWriteConnection.NewSetUp((NpgsqlConnection)connection, Timeout);
        command.ExecuteNonQuery();
    }

    private async Task SetUpAsync(DbConnection connection, CancellationToken cancellation)
    {
        await using var command = PostgresWriteConnection.NewSetUp((NpgsqlConnection)connection, Timeout);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static int Seconds(TimeSpan timeout) => Math.Max(1, (int)timeout.TotalSeconds);
}
