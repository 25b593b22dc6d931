using BenchmarkDotNet.Attributes;
using Chat.Actors.Persistence;
using Chat.Protocol;

namespace Chat.Bench.Micro;

/// <summary>Appends until they are durable.</summary>
public abstract class JournalBenchmarks
{
    private IJournal _journal = null!;
    private SessionEvent[] _events = [];
    private Log[] _logs = [];

    [Params(1, 10, 100, 500)]
    public int Events { get; set; }

    [GlobalSetup]
    public void SetUp() => SetUpAsync().GetAwaiter().GetResult();

    private async Task SetUpAsync()
    {
        _journal = await OpenAsync();
        _events = [.. Enumerable.Repeat<SessionEvent>(Samples.Posted, Events)];
        _logs = [.. Enumerable.Range(0, Events).Select(_ => new Log())];
    }

    [GlobalCleanup]
    public void CleanUp() => CleanUpAsync().GetAwaiter().GetResult();

    private async Task CleanUpAsync()
    {
        await _journal.DisposeAsync();
        await CloseAsync();
    }

    /// <summary>One append: what a busy session's actor has gathered.</summary>
    [Benchmark(Baseline = true)]
    public Task OneSession() => _logs[0].AppendAsync(_journal, _events);

    /// <summary>As many sessions at once, an event each: what the group commit gathers.</summary>
    [Benchmark]
    public Task ManySessions() => Task.WhenAll(_logs.Select(log => log.AppendAsync(_journal, [Samples.Posted])));

    /// <summary>An empty database with this build's tables, or one that has them already.</summary>
    protected abstract Task<IJournal> OpenAsync();

    protected virtual Task CloseAsync() => Task.CompletedTask;

    private sealed class Log
    {
        private readonly AppendChain _chain = new(SessionId.New().Value);
        private long _head;

        public async Task AppendAsync(IJournal journal, SessionEvent[] events)
        {
            var result = await journal.AppendAsync(_chain, _head, events);
            _head += result == AppendResult.Committed ? events.Length : throw new InvalidOperationException($"The append ended as {result}");
        }
    }
}

/// <summary>A file as in production, WAL and <c>synchronous=FULL</c>, in the folder of temporary files, which <c>TMPDIR</c> puts on another disk.</summary>
public class SqliteJournalBenchmarks : JournalBenchmarks
{
    private string _folder = "";

    protected override async Task<IJournal> OpenAsync()
    {
        _folder = Directory.CreateTempSubdirectory("chat-bench-").FullName;
        var file = Path.Combine(_folder, "journal.db");
        await Migrations.ForSqlite(file, TimeProvider.System).UpAsync("journal");
        return SqliteJournal.Open(file, TimeProvider.System);
    }

    protected override Task CloseAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }
}

/// <summary>The database that <see cref="Variable"/> names; sessions are added to what is in it.</summary>
public class PostgresJournalBenchmarks : JournalBenchmarks
{
    public const string Variable = "BENCH_DATABASE_URL";

    /// <summary>Null where there is none: then these benchmarks are left out.</summary>
    public static string? DatabaseUrl { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } url ? url : null;

    protected override async Task<IJournal> OpenAsync()
    {
        var journal = PostgresJournal.Open(DatabaseUrl!, poolSize: 4, TimeProvider.System);
        await Migrations.ForPostgres(journal.Source, TimeProvider.System).UpAsync("journal");
        return journal;
    }
}
