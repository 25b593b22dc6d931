using System.CommandLine;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace Chat.Bench.Micro;

/// <summary><c>micro</c>: what single parts of the server cost, measured in this process.</summary>
internal static class MicroCommand
{
    private static readonly string[] All = ["--filter", "*"];

    public static Command Create()
    {
        var options = new Argument<string[]>("options")
        {
            Description = "Options of BenchmarkDotNet, as --filter '*Codec*' or --list flat; without any, all benchmarks run",
            Arity = ArgumentArity.ZeroOrMore,
        };
        // An option that this command does not know is one of BenchmarkDotNet's.
        var command = new Command("micro", "Measures single parts of the server in this process") { options };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(parsed => Run([.. parsed.GetValue(options) ?? [], .. parsed.UnmatchedTokens]));
        return command;
    }

    /// <returns>0 where all that were asked for have been measured.</returns>
    private static int Run(string[] options)
    {
        if (PostgresJournalBenchmarks.DatabaseUrl is null)
        {
            Console.WriteLine($"PostgresJournal is skipped: {PostgresJournalBenchmarks.Variable} is not set.");
        }
        var summaries = BenchmarkSwitcher.FromAssembly(typeof(MicroCommand).Assembly).Run(options.Length == 0 ? All : options, new MicroConfig());
        return summaries.All(IsWhole) ? 0 : 1;
    }

    private static bool IsWhole(Summary summary) => !summary.HasCriticalValidationErrors && summary.Reports.All(report => report.Success);
}
