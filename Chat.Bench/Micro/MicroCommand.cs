using System.CommandLine;
using BenchmarkDotNet.Running;

namespace Chat.Bench.Micro;

/// <summary><c>micro</c>: what single parts of the server cost, measured in this process.</summary>
internal static class MicroCommand
{
    public static Command Create()
    {
        var arguments = new Argument<string[]>("options") { Description = "Options of BenchmarkDotNet, as --filter '*Codec*'", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("micro", "Measures single parts of the server in this process") { arguments };
        command.SetAction(parsed => { BenchmarkSwitcher.FromAssembly(typeof(MicroCommand).Assembly).Run(parsed.GetValue(arguments)); });
        return command;
    }
}
