using Microsoft.Data.Sqlite;
using Npgsql;

namespace Chat.Bench.Baselines;

/// <summary>Where a team that picks SignalR puts its messages: a row each, committed before it is shown.</summary>
internal abstract class MessageStore : IAsyncDisposable
{
    public abstract Task SaveAsync(string room, string sender, string content);

    public abstract ValueTask DisposeAsync();

    /// <summary>One connection that all take in turn, since SQLite has one writer and those that wait for its lock only look now and then.</summary>
    public static async Task<MessageStore> OpenSqliteAsync(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path }.ToString());
        await connection.OpenAsync();
        await using var create = connection.CreateCommand();
        create.CommandText =
            """
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;
            CREATE TABLE messages (id INTEGER PRIMARY KEY, room TEXT NOT NULL, sender TEXT NOT NULL, content TEXT NOT NULL, created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
            """;
        await create.ExecuteNonQueryAsync();
        return new Sqlite(connection);
    }

    public static async Task<MessageStore> OpenPostgresAsync(string connectionString)
    {
        var source = NpgsqlDataSource.Create(connectionString);
        await using var create = source.CreateCommand(
            "CREATE TABLE IF NOT EXISTS bench_signalr_messages (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, room text NOT NULL, sender text NOT NULL, content text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())");
        await create.ExecuteNonQueryAsync();
        return new Postgres(source);
    }

    private sealed class Sqlite : MessageStore
    {
        private readonly SemaphoreSlim _turn = new(1);
        private readonly SqliteConnection _connection;
        private readonly SqliteCommand _insert;

        public Sqlite(SqliteConnection connection)
        {
            _connection = connection;
            _insert = connection.CreateCommand();
            _insert.CommandText = "INSERT INTO messages (room, sender, content) VALUES ($room, $sender, $content)";
            foreach (var name in new[] { "$room", "$sender", "$content" })
            {
                _insert.Parameters.Add(new SqliteParameter { ParameterName = name, SqliteType = SqliteType.Text });
            }
        }

        public override async Task SaveAsync(string room, string sender, string content)
        {
            await _turn.WaitAsync();
            try
            {
                (_insert.Parameters[0].Value, _insert.Parameters[1].Value, _insert.Parameters[2].Value) = (room, sender, content);
                await _insert.ExecuteNonQueryAsync();
            }
            finally
            {
                _turn.Release();
            }
        }

        public override async ValueTask DisposeAsync()
        {
            await _insert.DisposeAsync();
            await _connection.DisposeAsync();
            _turn.Dispose();
        }
    }

    private sealed class Postgres(NpgsqlDataSource source) : MessageStore
    {
        public override async Task SaveAsync(string room, string sender, string content)
        {
            await using var insert = source.CreateCommand("INSERT INTO bench_signalr_messages (room, sender, content) VALUES ($1, $2, $3)");
            insert.Parameters.Add(new NpgsqlParameter { Value = room });
            insert.Parameters.Add(new NpgsqlParameter { Value = sender });
            insert.Parameters.Add(new NpgsqlParameter { Value = content });
            await insert.ExecuteNonQueryAsync();
        }

        public override ValueTask DisposeAsync() => source.DisposeAsync();
    }
}
