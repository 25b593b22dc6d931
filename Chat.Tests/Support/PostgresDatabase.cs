using Chat.Actors.Persistence;
using Npgsql;

namespace Chat.Tests.Support;

/// <summary>A database of one test, dropped with it.</summary>
public sealed class PostgresDatabase(PostgresServer server, string name) : IAsyncDisposable
{
    public PostgresServer Server => server;

    public string Name => name;

    public string Url => UrlThrough(server.Port);

    public string UrlAt(string host) => UrlThrough(server.Port, host);

    /// <summary>With the tables of the sets.</summary>
    public static async Task<PostgresDatabase> CreateAsync(params string[] sets)
    {
        var database = await (await PostgresServer.GetAsync()).CreateDatabaseAsync();
        await using var source = NpgsqlDataSource.Create(PostgresUrl.Parse(database.Url));
        foreach (var set in sets)
        {
            await Migrations.ForPostgres(source, TimeProvider.System).UpAsync(set);
        }
        return database;
    }

    /// <summary>The same database by another port, as of a proxy.</summary>
    public string UrlThrough(int port, string host = "127.0.0.1") => $"postgresql://postgres:p%40ss@{host}:{port}/{name}";

    public async Task<NpgsqlConnection> ConnectAsync()
    {
        var settings = PostgresUrl.Parse(Url);
        (settings.Pooling, settings.ApplicationName) = (false, "test");
        var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<bool> AskAsync(string sql)
    {
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (bool)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Asks until the answer is yes.</summary>
    public async Task UntilAsync(string sql)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        while (!(bool)(await command.ExecuteScalarAsync(patience.Token))!)
        {
        }
    }

    /// <summary>Ends every backend of the journals on this database.</summary>
    public async Task<int> TerminateAsync()
    {
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'chat%'",
            connection);
        return (int)(long)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>A row of the journal, as another version or an open transaction may write it.</summary>
    public static async Task InsertAsync(NpgsqlConnection connection, string log, long seq, string manifest, byte[] message)
    {
        await using var command = new NpgsqlCommand(
            "INSERT INTO journal (deleted, persistence_id, sequence_number, created, message, manifest) VALUES (false, $1, $2, 0, $3, $4)",
            connection);
        command.Parameters.Add(new NpgsqlParameter { Value = log });
        command.Parameters.Add(new NpgsqlParameter { Value = seq });
        command.Parameters.Add(new NpgsqlParameter { Value = message });
        command.Parameters.Add(new NpgsqlParameter { Value = manifest });
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync() => await server.ExecuteAsync($"DROP DATABASE {name} WITH (FORCE)");
}
