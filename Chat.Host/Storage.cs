using System.Data.Common;
using Chat.Actors.Persistence;
using Chat.Host.Configuration;
using Chat.Protocol;
using Npgsql;

namespace Chat.Host;

/// <summary>The journal and the read model's database, on SQLite or PostgreSQL as configured.</summary>
public sealed class Storage : IAsyncDisposable
{
    private Storage(IJournal journal, EventCodec events, ReadDatabase readDatabase)
    {
        Journal = journal;
        Events = events;
        ReadDatabase = readDatabase;
    }

    public IJournal Journal { get; }

    /// <summary>What the journal reads and writes.</summary>
    public EventCodec Events { get; }

    public ReadDatabase ReadDatabase { get; }

    /// <summary>Opens both; pending migrations are applied first, where that is configured, and refused otherwise.</summary>
    /// <exception cref="MigrationRefusedException">The database is not one that this build may work on; the text says why and what to do.</exception>
    public static async Task<Storage> OpenAsync(ChatOptions options, EventCodec events, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellation = default)
    {
        foreach (var set in MigrationSet.Of(options, time))
        {
            await set.PrepareAsync(options.Storage.MigrateAtStart, cancellation);
        }
        return Open(options, events, time, loggers);
    }

    /// <summary>Opens a journal that is there, also beside a running server, and creates and migrates nothing.</summary>
    /// <exception cref="MigrationRefusedException">There is none, or none of this version.</exception>
    public static async Task<Storage> OpenExistingAsync(ChatOptions options, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellation = default)
    {
        await MigrationSet.Of(options, time).Single(set => set.Name == "journal").PrepareAsync(apply: false, cancellation);
        return Open(options, new EventCodec(), time, loggers);
    }

    public ValueTask DisposeAsync()
    {
        ReadDatabase.Dispose();
        return Journal.DisposeAsync();
    }

    private static Storage Open(ChatOptions options, EventCodec events, TimeProvider time, ILoggerFactory loggers)
    {
        var journalOptions = new JournalOptions { Events = events, AppendTimeout = options.Storage.AppendTimeout };
        if (options.Storage.DatabaseUrl is { Length: > 0 } url)
        {
            var journal = PostgresJournal.Open(
                url, options.Storage.PoolSize + options.Storage.MaxOverflow, time, journalOptions, loggers.CreateLogger<PostgresJournal>());
            return new Storage(journal, events, new PostgresReadDatabase(journal.Source));
        }
        var folder = options.Storage.DataPath;
        return new Storage(
            SqliteJournal.Open(Path.Combine(folder, "journal.db"), time, journalOptions, loggers.CreateLogger<SqliteJournal>()),
            events,
            new SqliteReadDatabase(Path.Combine(folder, "read.db")));
    }
}

/// <summary>One set of migrations and the database that it belongs to.</summary>
/// <param name="Name"><c>journal</c> or <c>read</c>.</param>
public sealed record MigrationSet(string Name, Migrations Migrations)
{
    public static IReadOnlyList<MigrationSet> Of(ChatOptions options, TimeProvider time)
    {
        if (options.Storage.DatabaseUrl is { Length: > 0 } url)
        {
            var settings = PostgresUrl.Parse(url);
            // A few connections once: no pool that someone would have to close.
            settings.Pooling = false;
            var migrations = Migrations.ForPostgres(NpgsqlDataSource.Create(settings), time);
            return [new MigrationSet("journal", migrations), new MigrationSet("read", migrations)];
        }
        var folder = options.Storage.DataPath;
        return
        [
            new MigrationSet("journal", Migrations.ForSqlite(Path.Combine(folder, "journal.db"), time)),
            new MigrationSet("read", Migrations.ForSqlite(Path.Combine(folder, "read.db"), time)),
        ];
    }

    /// <exception cref="MigrationRefusedException" />
    /// <exception cref="JournalUnavailableException">The database does not answer.</exception>
    public async Task PrepareAsync(bool apply, CancellationToken cancellation)
    {
        try
        {
            if (apply)
            {
                await Migrations.UpAsync(Name, cancellation: cancellation);
            }
            else if ((await Migrations.StatusAsync(Name, cancellation)).Any(migration => migration.State != MigrationState.Applied))
            {
                throw new MigrationRefusedException($"The {Name} tables are not there or not of this version: run 'chat migrate up', or start the server with chat.storage.migrate-at-start on.");
            }
        }
        catch (DbException e)
        {
            throw new JournalUnavailableException($"The database does not answer: {e.Message}", e);
        }
    }
}
