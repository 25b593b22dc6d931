using Chat.Actors.Persistence;
using Microsoft.Data.Sqlite;

namespace Chat.Tests.Contracts;

public sealed class SqliteReadModelTests : ReadModelContract
{
    private readonly string _folder = Directory.CreateTempSubdirectory("chat-read-model-").FullName;

    private protected override async Task<ReadDatabase> CreateAsync()
    {
        var database = new SqliteReadDatabase(Path.Combine(_folder, "read.db"));
        using var sql = new StreamReader(typeof(ReadDatabase).Assembly.GetManifestResourceStream("sqlite/read/0001_read_model.up.sql")!);
        await using var connection = await database.OpenAsync(CancellationToken.None);
        await using var command = connection.CreateCommand();
        command.CommandText = await sql.ReadToEndAsync();
        await command.ExecuteNonQueryAsync();
        return database;
    }

    private protected override Task DropAsync()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }
}
