using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Filters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Chat.Bench.Micro;

/// <summary>How all benchmarks of this folder run. Options of the command line, as <c>--iterationCount 15</c>, go before it.</summary>
internal sealed class MicroConfig : ManualConfig
{
    /// <summary>Of one case with its set-up: a million events are written first.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);

    public MicroConfig()
    {
        // In this process: the project that BenchmarkDotNet would make for a child names package versions, which stand in one place here. Three iterations give
        // times to within some 10 % on a quiet machine; allocations are exact. This toolchain does not await set-ups: they are synchronous here.
        AddJob(Job.ShortRun.WithToolchain(new InProcessEmitToolchain(Longest, logOutput: true)).AsDefault());
        var cpu = new CpuDiagnoser();
        AddDiagnoser(MemoryDiagnoser.Default, cpu);
        AddColumnProvider(DefaultColumnProviders.Instance);
        // Neighbours on the machine only ever add to a time.
        AddColumn(StatisticColumn.Min, cpu);
        AddLogger(ConsoleLogger.Default);
        AddExporter(MarkdownExporter.GitHub);
        if (PostgresJournalBenchmarks.DatabaseUrl is null)
        {
            AddFilter(new SimpleFilter(benchmark => benchmark.Descriptor.Type != typeof(PostgresJournalBenchmarks)));
        }
    }
}
