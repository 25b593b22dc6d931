using System.Data.Common;
using Npgsql;

namespace Chat.Actors.Persistence;

/// <summary>
/// Brings a database's tables to this build's version and back, one transaction for each step. Two nodes that start at once take
/// turns. A step is refused where what is recorded in <c>chat_migrations</c> does not fit this build.
/// </summary>
public sealed class Migrations
{
    private readonly MigrationDatabase database;
    private readonly TimeProvider time;
    private readonly ILookup<string, Migration> sets;

    private Migrations(MigrationDatabase database, TimeProvider time, IEnumerable<Migration> migrations)
    {
        this.database = database;
        this.time = time;
        sets = migrations.OrderBy(migration => migration.Version).ToLookup(migration => migration.Set, StringComparer.Ordinal);
    }

    /// <summary>For one file, which is made where it is missing. Journal and read model are files of their own, each with its own record.</summary>
    /// <param name="migrations">Null: this build's.</param>
    public static Migrations ForSqlite(string path, TimeProvider time, IEnumerable<Migration>? migrations = null) =>
        new(new SqliteMigrationDatabase(path), time, migrations ?? Migration.Embedded("sqlite"));

    /// <inheritdoc cref="ForSqlite"/>
    public static Migrations ForPostgres(NpgsqlDataSource source, TimeProvider time, IEnumerable<Migration>? migrations = null) =>
        new(new PostgresMigrationDatabase(source), time, migrations ?? Migration.Embedded("postgres"));

    /// <summary>Applies what is pending, in order.</summary>
    /// <param name="toVersion">Stops after this one; null: the newest.</param>
    /// <returns>What this call applied.</returns>
    /// <exception cref="MigrationRefusedException" />
    public async Task<IReadOnlyList<Migration>> UpAsync(string set, int? toVersion = null, CancellationToken cancellation = default)
    {
        var target = toVersion ?? int.MaxValue;
        var applied = new List<Migration>();
        await using var connection = await database.OpenAsync(cancellation).ConfigureAwait(false);
        while (true)
        {
            await using var transaction = await database.BeginAsync(connection, cancellation).ConfigureAwait(false);
            var record = new MigrationRecord(connection, transaction);
            await record.ExecuteAsync(database.CreateVersionTable, cancellation).ConfigureAwait(false);
            // Read again for each step: another node may have taken it meanwhile.
            var known = await record.ReadAsync(set, cancellation).ConfigureAwait(false);
            Check(set, known);
            var pending = sets[set].Skip(known.Count).Where(migration => migration.Version <= target).ToList();
            if (pending.Count == 0)
            {
                return applied;
            }
            CheckTables(set, known.Count, pending, await record.ListAsync(database.ListTables, cancellation).ConfigureAwait(false));
            await record.ExecuteAsync(pending[0].Up, cancellation).ConfigureAwait(false);
            await record.AddAsync(pending[0], time.GetUtcNow(), cancellation).ConfigureAwait(false);
            await transaction.CommitAsync(cancellation).ConfigureAwait(false);
            applied.Add(pending[0]);
        }
    }

    /// <summary>Takes the newest steps back.</summary>
    /// <inheritdoc cref="DownToAsync"/>
    public async Task<IReadOnlyList<Migration>> DownAsync(string set, int steps = 1, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        var history = await HistoryAsync(set, cancellation).ConfigureAwait(false);
        var version = history.Count > steps ? history[^(steps + 1)].Version : 0;
        return await DownToAsync(set, version, cancellation).ConfigureAwait(false);
    }

    /// <summary>Takes back every step above the version; 0 takes back all, with what the tables hold.</summary>
    /// <returns>What this call took back.</returns>
    /// <exception cref="MigrationRefusedException" />
    public async Task<IReadOnlyList<Migration>> DownToAsync(string set, int version, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(version);
        var undone = new List<Migration>();
        await using var connection = await database.OpenAsync(cancellation).ConfigureAwait(false);
        while (true)
        {
            await using var transaction = await database.BeginAsync(connection, cancellation).ConfigureAwait(false);
            var record = new MigrationRecord(connection, transaction);
            await record.ExecuteAsync(database.CreateVersionTable, cancellation).ConfigureAwait(false);
            var known = await record.ReadAsync(set, cancellation).ConfigureAwait(false);
            Check(set, known);
            if (known.Count == 0 || known[^1].Version <= version)
            {
                return undone;
            }
            var migration = sets[set].ElementAt(known.Count - 1);
            await record.ExecuteAsync(migration.Down, cancellation).ConfigureAwait(false);
            await record.RemoveAsync(migration, cancellation).ConfigureAwait(false);
            await transaction.CommitAsync(cancellation).ConfigureAwait(false);
            undone.Add(migration);
        }
    }

    /// <summary>Every step that this build or the database knows, by version. Changes nothing.</summary>
    public async Task<IReadOnlyList<MigrationStatus>> StatusAsync(string set, CancellationToken cancellation = default)
    {
        var applied = (await HistoryAsync(set, cancellation).ConfigureAwait(false)).ToDictionary(row => row.Version);
        var status = sets[set].Select(migration => applied.Remove(migration.Version, out var row)
            ? new MigrationStatus(row.Version, row.Name, row.Checksum == migration.Checksum ? MigrationState.Applied : MigrationState.Changed, row.AppliedAt)
            : new MigrationStatus(migration.Version, migration.Name, MigrationState.Pending, null)).ToList();
        var unknown = applied.Values.Select(row => new MigrationStatus(row.Version, row.Name, MigrationState.Unknown, row.AppliedAt));
        return [.. status.Concat(unknown).OrderBy(row => row.Version)];
    }

    /// <summary>What is recorded as applied, by version. Changes nothing.</summary>
    public async Task<IReadOnlyList<AppliedMigration>> HistoryAsync(string set, CancellationToken cancellation = default)
    {
        if (!database.Exists)
        {
            return [];
        }
        await using var connection = await database.OpenAsync(cancellation).ConfigureAwait(false);
        var record = new MigrationRecord(connection, null);
        var tables = await record.ListAsync(database.ListTables, cancellation).ConfigureAwait(false);
        return tables.Contains("chat_migrations") ? await record.ReadAsync(set, cancellation).ConfigureAwait(false) : [];
    }

    private void Check(string set, List<AppliedMigration> known)
    {
        var ours = sets[set].ToList();
        if (ours.Count == 0)
        {
            throw new ArgumentException($"There are no migrations of the set '{set}'", nameof(set));
        }
        if (known.Count > 0 && known[^1].Version > ours[^1].Version)
        {
            throw new MigrationRefusedException(
                $"The database's {set} tables are of version {known[^1].Version}; this build knows {ours[^1].Version}. It is too old for them.");
        }
        for (var i = 0; i < known.Count; i++)
        {
            if (known[i].Version != ours[i].Version)
            {
                throw new MigrationRefusedException($"The database's record of its {set} migrations has a hole before version {known[i].Version}");
            }
            if (known[i].Checksum != ours[i].Checksum)
            {
                throw new MigrationRefusedException(
                    $"The {set} migration {known[i].Version} ({known[i].Name}) was applied from a file that read otherwise than this build's");
            }
        }
    }

    /// <summary>A table that stands there without our record of it is somebody else's.</summary>
    private void CheckTables(string set, int applied, IEnumerable<Migration> pending, IReadOnlyCollection<string> existing)
    {
        var ours = sets[set].Take(applied).SelectMany(migration => migration.Tables).ToHashSet(StringComparer.Ordinal);
        var foreign = pending.SelectMany(migration => migration.Tables).Where(table => existing.Contains(table) && !ours.Contains(table)).Distinct().ToList();
        if (foreign.Count > 0)
        {
            throw new MigrationRefusedException(
                $"The database already has {string.Join(", ", foreign)}, which chat_migrations does not record: it belongs to something else. Nothing was changed.");
        }
    }
}
