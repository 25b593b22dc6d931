using System.Diagnostics;
using System.Text.Json;
using Chat.Tests.Support;

namespace Chat.Tests.Bench;

/// <summary>The load generator as its users start it.</summary>
[Collection("Processes")]
public sealed class BenchCommandTests
{
    /// <summary>Seventeen loads of half a second on a machine that may be busy with other tests.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Check_finds_nothing_lost_doubled_or_out_of_order_on_any_face()
    {
        var result = await RunAsync("check");

        Assert.True(result.Code == 0, result.Output + result.Error);
        foreach (var load in new[] { "fanout, native", "fanout, participants", "fanout, rooms", "fanout, channels", "fanout, socketio", "churn, native", "sends", "streams" })
        {
            Assert.Contains($"chat, {load} ", result.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Baselines_stand_beside_the_server_in_table_and_file()
    {
        using var folder = new TempFolder();

        var result = await RunAsync("fanout", "--members", "5", "--rate", "500", "--warmup", "0s", "--duration", "500ms", "--compare", "kestrel,signalr", "--json", folder.File("out.json"));

        Assert.True(result.Code == 0, result.Output + result.Error);
        Assert.Contains("kestrel : chat", result.Output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(folder.File("out.json")));
        var medians = json.RootElement.GetProperty("medians").EnumerateArray().ToList();
        Assert.Equal(["chat", "kestrel", "signalr"], medians.Select(median => median.GetProperty("peer").GetString()));
        Assert.All(medians, median => Assert.True(median.GetProperty("memory_mb").GetDouble() > 0));
    }

    [Theory]
    [InlineData("fanout --members x", "--members takes a number from 1")]
    [InlineData("fanout --warmup soon", "--warmup takes a number and ms, s, m or h")]
    [InlineData("fanout --face sip", "--face takes one of native")]
    [InlineData("fanout --compare nginx", "--compare knows kestrel")]
    [InlineData("fanout --compare signalr+postgres", "needs --database")]
    [InlineData("fanout --rate 5 --in-flight 1", "exclude each other")]
    [InlineData("fanout --users 5", "--users must be as many")]
    [InlineData("fanout --secret-env NOWHERE", "--secret-env needs --url")]
    [InlineData("fanout --url ftp://a", "--url takes an address")]
    [InlineData("fanout --url http://127.0.0.1:9 --secret-env NOWHERE", "there is no variable NOWHERE")]
    [InlineData("sends --in-flight 1,many", "--in-flight takes numbers")]
    [InlineData("sends --in-flight 100 --per-session 64", "multiples of --per-session")]
    [InlineData("sends --compare kestrel", "acknowledges nothing")]
    [InlineData("streams --tokens 3000 --size 100", "--tokens times --size")]
    [InlineData("rush", "rush")]
    public async Task What_is_no_command_line_ends_with_2_and_a_sentence(string line, string says)
    {
        var result = await RunAsync(line.Split(' '));

        Assert.Equal((2, ""), (result.Code, result.Output));
        Assert.Contains(says, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
    }

    private static async Task<ChatResult> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [Path.Combine(AppContext.BaseDirectory, "Chat.Bench.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync().WaitAsync(Patience);
            return new ChatResult(process.ExitCode, await output, await error);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
