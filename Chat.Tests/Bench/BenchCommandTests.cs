using System.Globalization;
using System.Text.Json;
using Chat.Tests.Support;

namespace Chat.Tests.Bench;

/// <summary>The load generator as its users start it.</summary>
[Collection("Processes")]
public sealed class BenchCommandTests
{
    [Fact]
    public async Task Check_finds_nothing_lost_doubled_or_out_of_order_on_any_face()
    {
        var result = await BenchProgram.RunAsync("check");

        Assert.True(result.Code == 0, result.Output + result.Error);
        foreach (var load in new[] { "fanout, native", "fanout, participants", "fanout, rooms", "fanout, channels", "fanout, socketio", "churn, native", "sends", "streams" })
        {
            Assert.Contains($"chat, {load} ", result.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Passive_sessions_are_made_and_weighed()
    {
        var result = await BenchProgram.RunAsync("passive", "--sessions", "1000", "--settle", "0s");

        Assert.True(result.Code == 0, result.Output + result.Error);
        Assert.Contains("KB each", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Baselines_stand_beside_the_server_in_table_and_file()
    {
        using var folder = new TempFolder();

        var result = await BenchProgram.RunAsync("fanout", "--members", "5", "--rate", "500", "--warmup", "0s", "--duration", "500ms", "--compare", "kestrel,signalr", "--json", folder.File("out.json"));

        Assert.True(result.Code == 0, result.Output + result.Error);
        Assert.Contains("kestrel : chat", result.Output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(folder.File("out.json")));
        var medians = json.RootElement.GetProperty("medians").EnumerateArray().ToList();
        Assert.Equal(["chat", "kestrel", "signalr"], medians.Select(median => median.GetProperty("peer").GetString()));
        Assert.All(medians, median => Assert.True(median.GetProperty("memory_mb").GetDouble() > 0));
    }

    [Fact]
    public async Task Baselines_that_store_acknowledge_what_they_have_stored()
    {
        var result = await BenchProgram.RunAsync("sends", "--in-flight", "4", "--warmup", "0s", "--duration", "500ms", "--compare", "kestrel+file,signalr+sqlite");

        Assert.True(result.Code == 0, result.Output + result.Error);
        foreach (var peer in new[] { "kestrel+file", "signalr+sqlite" })
        {
            var line = result.Output.Split('\n').Single(line => line.StartsWith($"{peer}, 4 in flight  ", StringComparison.Ordinal));
            // Sends a second, and at the end what was lost, doubled and out of order.
            var columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            Assert.True(double.Parse(columns[4], CultureInfo.InvariantCulture) > 0, line);
            Assert.Equal(["0", "0", "0"], columns[^3..]);
        }
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
    [InlineData("passive --compare kestrel", "keeps no sessions")]
    [InlineData("streams --tokens 3000 --size 100", "--tokens times --size")]
    [InlineData("growth", "command")]
    [InlineData("growth depth", "depth")]
    [InlineData("growth members --steps 10,many", "--steps takes numbers from 1 to 10000")]
    [InlineData("growth members --steps 10001", "--steps takes numbers from 1 to 10000")]
    [InlineData("growth sessions --rooms 0", "--rooms takes a number from 1")]
    [InlineData("growth connections --steps 1000000", "1000500 sockets need")]
    [InlineData("growth history --steps 10,11", "--steps of history rise")]
    [InlineData("growth lists --unread 10,10", "--steps and --unread of lists rise")]
    [InlineData("growth nodes --steps 2", "say --database and --redis")]
    [InlineData("growth streams --url http://a", "http://a")]
    [InlineData("rush", "rush")]
    public async Task What_is_no_command_line_ends_with_2_and_a_sentence(string line, string says)
    {
        var result = await BenchProgram.RunAsync(line.Split(' '));

        Assert.Equal((2, ""), (result.Code, result.Output));
        Assert.Contains(says, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
    }
}
