using System.Diagnostics;

namespace Chat.Bench.Measure;

/// <summary>What a process has used up to a moment.</summary>
/// <param name="Cpu">Seconds of processor time, user and system.</param>
/// <param name="Memory">Resident bytes.</param>
internal readonly record struct ProcessUsage(double Cpu, long Memory)
{
    public static ProcessUsage Of(Process process)
    {
        process.Refresh();
        return new ProcessUsage(process.TotalProcessorTime.TotalSeconds, process.WorkingSet64);
    }

    public static ProcessUsage OfThis() => new(Environment.CpuUsage.TotalTime.TotalSeconds, Environment.WorkingSet);
}
