using Chat.Actors.Persistence;
using Chat.Tests.Contracts;
using Chat.Tests.Support;
using Microsoft.Data.Sqlite;

namespace Chat.Tests.Persistence;

public sealed class SqliteMigrationsTests : MigrationsContract, IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    protected override Migrations Create(params Migration[] steps) =>
        Migrations.ForSqlite(folder.File("data.db"), TimeProvider.System, steps.Length == 0 ? null : steps);

    protected override Task ExecuteAsync(string sql) => ScalarAsync(sql);

    protected override async Task<long> CountAsync(string table) => (long)(await ScalarAsync($"SELECT count(*) FROM {table}"))!;

    private async Task<object?> ScalarAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={folder.File("data.db")};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteScalarAsync();
    }
}
