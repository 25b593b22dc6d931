using System.Globalization;
using BenchmarkDotNet.Analysers;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Engines;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Validators;

namespace Chat.Bench.Micro;

/// <summary>
/// Processor time of an operation, over all threads of this process, and its column. On a machine that others use too it can be relied on where the mean cannot;
/// where an operation waits, for a disk or another thread, it is the lower of the two.
/// </summary>
internal sealed class CpuDiagnoser : IDiagnoser, IColumn
{
    private readonly Dictionary<BenchmarkCase, TimeSpan> _used = [];
    private TimeSpan _before;

    public IEnumerable<string> Ids => [Id];
    public IEnumerable<IExporter> Exporters => [];
    public IEnumerable<IAnalyser> Analysers => [];

    public string Id => nameof(CpuDiagnoser);
    public string ColumnName => "CPU";
    public string Legend => "Processor time of one operation in ns, over all threads";
    public bool AlwaysShow => true;
    public ColumnCategory Category => ColumnCategory.Statistics;
    public int PriorityInCategory => int.MaxValue;
    public bool IsNumeric => true;
    public UnitType UnitType => UnitType.Dimensionless;

    public BenchmarkDotNet.Diagnosers.RunMode GetRunMode(BenchmarkCase benchmarkCase) => BenchmarkDotNet.Diagnosers.RunMode.NoOverhead;

    public void Handle(HostSignal signal, DiagnoserActionParameters parameters)
    {
        switch (signal)
        {
            case HostSignal.BeforeActualRun:
                _before = Environment.CpuUsage.TotalTime;
                break;
            case HostSignal.AfterActualRun:
                _used[parameters.BenchmarkCase] = Environment.CpuUsage.TotalTime - _before;
                break;
        }
    }

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase)
    {
        // Not the total of the results, which has the pilots and the warm-up in it.
        var operations = summary[benchmarkCase]?.AllMeasurements.Where(m => m is { IterationMode: IterationMode.Workload, IterationStage: IterationStage.Actual }).Sum(m => m.Operations) ?? 0;
        return operations > 0 && _used.TryGetValue(benchmarkCase, out var used) ? (used.TotalNanoseconds / operations).ToString("N0", CultureInfo.InvariantCulture) : "?";
    }

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public bool IsAvailable(Summary summary) => true;

    public IEnumerable<Metric> ProcessResults(DiagnoserResults results) => [];

    public void DisplayResults(ILogger logger)
    {
    }

    public IEnumerable<ValidationError> Validate(ValidationParameters validationParameters) => [];
}
