using System.Globalization;
using System.Text.RegularExpressions;
using Chat.Actors.Persistence;
using Chat.Tests.Support;
using Npgsql;

namespace Chat.Tests.Contracts;

public sealed partial class PostgresReadModelStore : ReadModelStore
{
    private readonly List<NpgsqlDataSource> _sources = [];
    private PostgresDatabase? _database;

    internal override Migrations Migrations => Migrations.ForPostgres(NewSource(), TimeProvider.System);

    internal override async Task<ReadDatabase> CreateAsync()
    {
        _database = await PostgresDatabase.CreateAsync("journal", "read");
        return OfAnotherNode();
    }

    /// <summary>The same database as another node reaches it.</summary>
    internal ReadDatabase OfAnotherNode() => new PostgresReadDatabase(NewSource());

    internal override Task<IJournal> OpenJournalAsync() => Task.FromResult<IJournal>(PostgresJournal.Open(_database!.Url, 10, TimeProvider.System));

    internal override Task<IReadOnlyList<string>> ExplainAsync(ReadDatabase database, string sql, params (string Name, object Value)[] arguments) =>
        // Small tables are read from end to end whatever indexes they have; so only where there is no index for it.
        ReadLastColumnAsync(database, "SET enable_seqscan = off; EXPLAIN " + sql, arguments);

    /// <summary>Pages that are looked at, with the plan that it makes for tables as they are now.</summary>
    internal override async Task<long> WorkAsync(ReadDatabase database, string sql, params (string Name, object Value)[] arguments)
    {
        await _database!.ExecuteAsync("VACUUM ANALYZE");
        var plan = await ReadLastColumnAsync(database, "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, SUMMARY OFF) " + sql, arguments);
        return Pages().Matches(plan.First(line => line.Contains("Buffers:", StringComparison.Ordinal))).Sum(pages => long.Parse(pages.ValueSpan, CultureInfo.InvariantCulture));
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var source in _sources)
        {
            await source.DisposeAsync();
        }
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }

    private NpgsqlDataSource NewSource()
    {
        // As the server's own: statements that come again are prepared by themselves.
        var source = new NpgsqlDataSourceBuilder(PostgresUrl.Parse(_database!.Url).ConnectionString) { ConnectionStringBuilder = { MaxAutoPrepare = 100, MaxPoolSize = 10 } }.Build();
        _sources.Add(source);
        return source;
    }

    [GeneratedRegex(@"(?<=shared.*(?:hit|read)=)\d+")]
    private static partial Regex Pages();
}
