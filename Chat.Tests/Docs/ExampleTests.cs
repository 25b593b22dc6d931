using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Chat.Tests.Seeds;
using Chat.Tests.Support;

namespace Chat.Tests.Docs;

/// <summary>The examples of <c>docs/protocol.md</c> that say what they print, run as they stand but for the server's address.</summary>
public abstract partial class ExampleTests : IAsyncLifetime
{
    private const string WrittenAddress = "localhost:8003";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private TestServer _server = null!;

    public async Task InitializeAsync() => _server = await SeedServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    /// <param name="language">Of the code blocks, as the document names it.</param>
    /// <param name="program">Gets the script's path as its only argument.</param>
    protected async Task RunAllAsync(string language, string program, string folder, string suffix)
    {
        var examples = Block().Matches(await File.ReadAllTextAsync(Path.Combine(SchemaCheck.Clients, "..", "..", "docs", "protocol.md")))
            .Where(block => block.Groups["language"].Value == language)
            .Select(block => block.Groups["code"].Value)
            .Where(code => Prints().IsMatch(code))
            .ToList();
        Assert.NotEmpty(examples);
        foreach (var example in examples)
        {
            var script = Path.Combine(folder, $".example-{Guid.NewGuid():N}{suffix}");
            await File.WriteAllTextAsync(script, example.Replace(WrittenAddress, _server.Address.Authority, StringComparison.Ordinal));
            try
            {
                var output = await RunAsync(program, script);
                Assert.Equal(Prints().Matches(example).Select(line => line.Groups["line"].Value), output.TrimEnd('\n').Split('\n'));
            }
            finally
            {
                File.Delete(script);
            }
        }
    }

    private static async Task<string> RunAsync(string program, string script)
    {
        var start = new ProcessStartInfo(program, [script])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            Environment = { ["PYTHONUTF8"] = "1" },
        };
        using var process = Process.Start(start)!;
        using var timeout = new CancellationTokenSource(Patience);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(timeout.Token);
            var error = process.StandardError.ReadToEndAsync(timeout.Token);
            await process.WaitForExitAsync(timeout.Token);
            Assert.True(process.ExitCode == 0, $"{await output}\n{await error}");
            return await output;
        }
        finally
        {
            process.Kill();
        }
    }

    [GeneratedRegex("^```(?<language>[a-z]+)\n(?<code>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("^(//|#) prints: (?<line>.*)$", RegexOptions.Multiline)]
    private static partial Regex Prints();
}

[RequiresNodeClients]
public sealed class NodeExampleTests : ExampleTests
{
    /// <summary>Beside the packages, which Node looks for from the script's own folder.</summary>
    [ContractFact]
    public Task Every_example_for_Node_prints_what_it_says() => RunAllAsync("js", "node", SchemaCheck.Clients, ".mjs");
}

[RequiresPythonClients]
public sealed class PythonExampleTests : ExampleTests
{
    [ContractFact]
    public Task Every_example_for_Python_prints_what_it_says() => RunAllAsync("python", "/usr/bin/python3", Path.GetTempPath(), ".py");
}

public sealed class ShellExampleTests : ExampleTests
{
    [Fact]
    public Task Every_example_for_the_shell_prints_what_it_says() => RunAllAsync("sh", "bash", Path.GetTempPath(), ".sh");
}
