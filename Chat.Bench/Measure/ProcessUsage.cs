using System.Diagnostics;

namespace Chat.Bench.Measure;

/// <summary>What a process has used up to a moment.</summary>
/// <param name="Cpu">Seconds of processor time, user and system.</param>
/// <param name="Memory">Resident bytes.</param>
internal readonly record struct ProcessUsage(double Cpu, long Memory)
{
    /// <summary>The kernel counts in steps of 10 ms: of less than ten of them too little is known.</summary>
    private const double LeastCpu = 0.1;

    public static ProcessUsage operator +(ProcessUsage a, ProcessUsage b) => new(a.Cpu + b.Cpu, a.Memory + b.Memory);

    /// <summary>Seconds of processor time for each of so many; null where it is not known, or too little to say.</summary>
    public static double? CpuOfEach(ProcessUsage? before, ProcessUsage? after, long count) => after?.Cpu - before?.Cpu is >= LeastCpu and var cpu && count > 0 ? cpu / count : null;

    public static ProcessUsage Of(Process process)
    {
        process.Refresh();
        return new ProcessUsage(process.TotalProcessorTime.TotalSeconds, process.WorkingSet64);
    }

    public static ProcessUsage OfThis() => new(Environment.CpuUsage.TotalTime.TotalSeconds, Environment.WorkingSet);
}
