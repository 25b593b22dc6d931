using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Chat.Tests.Support;

/// <summary>The classes whose tests run <c>Chat.Tests/clients</c> by Node; its packages are installed where they are missing.</summary>
public sealed class RequiresNodeClientsAttribute : RequiresAttribute
{
    private static readonly Lazy<string?> Reason = new(Look);

    public override string? Missing => Reason.Value;

    private static string? Look()
    {
        try
        {
            if (!IsInstalled())
            {
                var (code, _, error) = SchemaCheck.RunAsync("npm", ["ci", "--no-progress"], []).GetAwaiter().GetResult();
                return code == 0 ? null : $"npm ci in Chat.Tests/clients failed: {error.Trim()}";
            }
            return SchemaCheck.RunAsync("node", ["--version"], []).GetAwaiter().GetResult().Code == 0 ? null : "node does not run";
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return $"Node.js with npm is needed: {e.Message}";
        }
    }

    /// <summary>What npm has written down of its last installation is no older than what is asked for.</summary>
    private static bool IsInstalled()
    {
        var installed = Path.Combine(SchemaCheck.Clients, "node_modules", ".package-lock.json");
        return File.Exists(installed) && File.GetLastWriteTimeUtc(installed) >= File.GetLastWriteTimeUtc(Path.Combine(SchemaCheck.Clients, "package-lock.json"));
    }
}

/// <summary>Holds frames against the JSON Schemas under <c>docs/schema/native</c>, by a validator that clients use too.</summary>
internal static class SchemaCheck
{
    private static readonly string Root = FindRoot();

    public static string Clients => Path.Combine(Root, "Chat.Tests", "clients");

    public static string Schemas => Path.Combine(Root, "docs", "schema", "native");

    /// <summary>What <c>check-frames.mjs</c> says of the frames, each the text of one JSON object.</summary>
    public static async Task<Result> CheckAsync(IEnumerable<string> fromClients, IEnumerable<string> fromServer)
    {
        var lines = fromClients.Select(frame => $$"""{"direction":"client","frame":{{frame}}}""")
            .Concat(fromServer.Select(frame => $$"""{"direction":"server","frame":{{frame}}}"""));
        var (code, output, error) = await RunAsync("node", ["check-frames.mjs", Schemas], lines);
        Assert.True(code == 0, error);
        return JsonSerializer.Deserialize<Result>(output, JsonSerializerOptions.Web)!;
    }

    internal static async Task<(int Code, string Output, string Error)> RunAsync(string program, string[] arguments, IEnumerable<string> input)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Clients,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        try
        {
            foreach (var line in input)
            {
                // A frame may have been written with line breaks; as JSON it does not need them.
                await process.StandardInput.WriteLineAsync(line.ReplaceLineEndings(" "));
            }
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended early: its error says why.
        }
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Chat.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests do not run inside the source tree");
        }
        return folder;
    }

    /// <param name="Count">Frames that were checked.</param>
    /// <param name="Seen">How many of them each schema took.</param>
    /// <param name="Invalid">Those that not exactly one schema takes.</param>
    /// <param name="Unnoticed">Changes that the schemas let pass.</param>
    /// <param name="Unlisted">Schemas that the index does not name.</param>
    /// <param name="BadExamples">Schemas whose own examples they do not take.</param>
    internal sealed record Result(
        int Count, Dictionary<string, int> Seen, JsonArray Invalid, IReadOnlyList<string> Unnoticed, IReadOnlyList<string> Unlisted, IReadOnlyList<string> BadExamples);
}
