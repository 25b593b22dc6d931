using System.Data.Common;

namespace Chat.Actors.Persistence;

/// <summary>The table <c>chat_migrations</c> through one connection and transaction.</summary>
internal sealed class MigrationRecord(DbConnection connection, DbTransaction? transaction)
{
    public async Task<List<AppliedMigration>> ReadAsync(string set, CancellationToken cancellation)
    {
        await using var command = Command("SELECT version, name, checksum, applied_at FROM chat_migrations WHERE set_name = @set ORDER BY version", ("set", set));
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        var rows = new List<AppliedMigration>();
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            rows.Add(new AppliedMigration(reader.GetInt32(0), reader.GetString(1), reader.GetString(2), reader.GetFieldValue<DateTimeOffset>(3)));
        }
        return rows;
    }

    public async Task<HashSet<string>> ListAsync(string sql, CancellationToken cancellation)
    {
        await using var command = Command(sql);
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            names.Add(reader.GetString(0));
        }
        return names;
    }

    public Task AddAsync(Migration migration, DateTimeOffset at, CancellationToken cancellation) => RunAsync(
        Command(
            "INSERT INTO chat_migrations (set_name, version, name, checksum, applied_at) VALUES (@set, @version, @name, @checksum, @at)",
            ("set", migration.Set), ("version", migration.Version), ("name", migration.Name), ("checksum", migration.Checksum), ("at", at.ToUniversalTime())),
        cancellation);

    public Task RemoveAsync(Migration migration, CancellationToken cancellation) => RunAsync(
        Command("DELETE FROM chat_migrations WHERE set_name = @set AND version = @version", ("set", migration.Set), ("version", migration.Version)),
        cancellation);

    public Task ExecuteAsync(string sql, CancellationToken cancellation)
    {
        var command = Command(sql);
        // An index over a large table takes its time.
        command.CommandTimeout = 0;
        return RunAsync(command, cancellation);
    }

    private static async Task RunAsync(DbCommand command, CancellationToken cancellation)
    {
        await using (command)
        {
            await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        }
    }

    private DbCommand Command(string sql, params (string Name, object Value)[] parameters)
    {
        var command = connection.CreateCommand();
#pragma warning disable CA2100 // The text is this build's own: its migrations and the queries above.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.Transaction = transaction;
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }
        return command;
    }
}
