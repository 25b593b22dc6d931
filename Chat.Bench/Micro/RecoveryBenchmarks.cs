using BenchmarkDotNet.Attributes;
using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace Chat.Bench.Micro;

/// <summary>A session that is not in memory is asked for: the snapshot, the events after it, the view. With a snapshot 50 ms are the most, however long it is.</summary>
public class RecoveryBenchmarks
{
    private SqliteJournal _journal = null!;
    private SessionServices _services = null!;

    public static IEnumerable<Length> Lengths => [new(10, true), new(10_000, true), new(1_000_000, true), new(10, false), new(10_000, false)];

    [ParamsSource(nameof(Lengths))]
    public Length Of { get; set; } = new(10, true);

    [GlobalSetup]
    public void SetUp() => SetUpAsync().GetAwaiter().GetResult();

    private async Task SetUpAsync()
    {
        _journal = await RecoveryStore.OpenAsync(Of.Session, Of.Events, Of.HasSnapshot);
        _services = new SessionServices
        {
            Journal = _journal,
            Time = TimeProvider.System,
            Publish = (_, _) => { },
            FindMessage = (_, _) => default,
            Logger = NullLogger.Instance,
        };
    }

    [GlobalCleanup]
    public void CleanUp() => _journal.DisposeAsync().AsTask().GetAwaiter().GetResult();

    [Benchmark]
    public async Task<SessionView> WakeAsync()
    {
        await using var gateway = new SessionGateway(new SessionActors(_services));
        return await gateway.ReadAsync(Of.Session) is { } view && view.Head == Of.Events ? view : throw new InvalidOperationException("The session is not whole");
    }

    public sealed record Length(int Events, bool HasSnapshot)
    {
        public SessionId Session => new($"sess_{Events}_{(HasSnapshot ? "snapshot" : "log")}");

        public override string ToString() => $"{Events:N0} {(HasSnapshot ? "snapshot" : "log alone")}";
    }
}
