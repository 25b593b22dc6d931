using Chat.Bench.Measure;

namespace Chat.Bench.Reports;

/// <summary>What one load on one server gave. A figure that was not measured is null.</summary>
internal sealed record Outcome
{
    /// <summary><c>chat</c>, or the baseline.</summary>
    public string Peer { get; init; } = "";

    /// <summary>Which of the scenario's loads it was; empty where there is one.</summary>
    public string Variant { get; init; } = "";

    /// <summary>What was counted: deliveries, sends, chunks, cycles, connections.</summary>
    public required string Unit { get; init; }

    public double Seconds { get; init; }
    public long Count { get; init; }
    public double? PerSecond { get; init; }
    public Latency? Latency { get; init; }

    /// <summary>Processor time of the server for one of what was counted; null also where it used too little to say.</summary>
    public double? CpuMicroseconds { get; init; }

    /// <summary>1 is one processor.</summary>
    public double? ServerCpu { get; init; }

    /// <summary>Of the server, at the end of the measured time.</summary>
    public double? MemoryMb { get; init; }

    /// <summary>Over the measured time.</summary>
    public double? MemoryGrowthMb { get; init; }

    /// <summary>Memory that each of what is counted costs the server.</summary>
    public double? KbEach { get; init; }

    /// <summary>What only this scenario measures, by its name with its unit, such as <c>join_s</c>.</summary>
    public IReadOnlyDictionary<string, double?>? Figures { get; init; }

    /// <summary>Of this program; near 1 it may itself be the limit.</summary>
    public double BenchCpu { get; init; }

    /// <summary>Milliseconds by which 99 of 100 sends were late by this program's own fault; it is part of the latencies. Null where sends wait for no clock.</summary>
    public double? SendLateness { get; init; }

    public Faults Faults { get; init; }

    /// <summary>One for each line of progress; not in a median.</summary>
    public IReadOnlyList<Moment>? Timeline { get; init; }

    /// <summary>Messages that a list of the newest left out, as it may.</summary>
    public long PassedOver { get; init; }

    public long Refused { get; init; }

    /// <summary>Connections that ended though nobody wanted it.</summary>
    public long Ends { get; init; }

    /// <summary>The first refusal or end, in the server's words.</summary>
    public string? Trouble { get; init; }
}

/// <summary>How it went from the line of progress before to this one.</summary>
/// <param name="Seconds">Since the measured time began.</param>
internal sealed record Moment(double Seconds, double PerSecond, Latency Latency, double? ServerCpu, double? MemoryMb);
