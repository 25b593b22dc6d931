using Chat.Actors.Persistence;
using Chat.Tests.Contracts;
using Chat.Tests.Support;
using Npgsql;

namespace Chat.Tests.Persistence;

[RequiresPostgres]
public sealed class PostgresMigrationsTests : MigrationsContract, IAsyncLifetime
{
    private PostgresDatabase database = null!;
    private NpgsqlDataSource source = null!;

    public async Task InitializeAsync()
    {
        database = await PostgresDatabase.CreateAsync();
        source = NpgsqlDataSource.Create(PostgresUrl.Parse(database.Url));
    }

    public async Task DisposeAsync()
    {
        await source.DisposeAsync();
        await database.DisposeAsync();
    }

    protected override Migrations Create(params Migration[] steps) =>
        Migrations.ForPostgres(source, TimeProvider.System, steps.Length == 0 ? null : steps);

    protected override Task ExecuteAsync(string sql) => database.ExecuteAsync(sql);

    protected override async Task<long> CountAsync(string table)
    {
        await using var command = source.CreateCommand($"SELECT count(*) FROM {table}");
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
