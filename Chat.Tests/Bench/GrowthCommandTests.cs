using System.Text.Json;
using Chat.Tests.Support;

namespace Chat.Tests.Bench;

/// <summary>The curves of <c>growth</c>, with steps so small that only their form can be looked at.</summary>
[Collection("Processes")]
public sealed class GrowthCommandTests
{
    private static readonly string[] Short = ["--warmup", "0s", "--duration", "500ms"];

    [Theory]
    [InlineData("members --steps 2,4 --rate 500", new[] { "members: 2", "members: 4" }, new[] { "make_room_s", "join_s" })]
    [InlineData("sessions --steps 2,4 --rooms 1 --rate 500", new[] { "sessions: 2", "sessions: 4" }, new[] { "make_session_ms", "data_MB", "first_send_p50_ms", "second_send_p50_ms" })]
    [InlineData("connections --steps 7,200 --rooms 1 --rate 500 --settle 0s", new[] { "idle connections: 7", "idle connections: 200" }, new string[0])]
    [InlineData("history --steps 2,60", new[] { "messages: 2", "messages: 60" }, new[] { "fill_sends_per_s", "newest_p50_ms", "newest_p99_ms", "middle_p50_ms", "oldest_p50_ms", "enter_p50_ms", "wake_ms" })]
    [InlineData(
        "search --steps 2000",
        new[]
        {
            "messages: 2,000, in all: common, 2", "messages: 2,000, in all: common, 20", "messages: 2,000, in all: rare, 2", "messages: 2,000, in all: rare, 20",
            "messages: 2,000, in all: absent, 2", "messages: 2,000, in all: absent, 20", "messages: 2,000, in 10: common, 2", "messages: 2,000, in 10: common, 20",
            "messages: 2,000, in 10: rare, 2", "messages: 2,000, in 10: rare, 20", "messages: 2,000, in 10: absent, 2", "messages: 2,000, in 10: absent, 20",
        },
        new[] { "fill_sends_per_s" })]
    [InlineData("lists --steps 2,30 --unread 2,60", new[] { "sessions: 2", "sessions: 30", "unread: 0", "unread: 2", "unread: 60" }, new string[0])]
    [InlineData("streams --steps 100,200 --agents 2", new[] { "chunk deliveries/s: 100", "chunk deliveries/s: 200" }, new string[0])]
    public async Task A_curve_has_a_row_for_each_step_with_what_was_measured(string line, string[] rows, string[] figures)
    {
        using var folder = new TempFolder();

        var result = await BenchProgram.RunAsync(["growth", .. line.Split(' '), .. Short, "--json", folder.File("out.json")]);

        Assert.True(result.Code == 0, result.Output + result.Error);
        Assert.All(rows, row => Assert.Contains($"chat, {row} ", result.Output, StringComparison.Ordinal));
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(folder.File("out.json")));
        var medians = json.RootElement.GetProperty("medians").EnumerateArray().ToList();
        Assert.Equal(rows, medians.Select(median => median.GetProperty("variant").GetString()));
        Assert.All(medians, median =>
        {
            Assert.True(median.GetProperty("count").GetInt64() > 0);
            Assert.True(median.GetProperty("latency").GetProperty("p50").GetDouble() > 0);
            Assert.True(median.GetProperty("memory_mb").GetDouble() > 0);
            Assert.Equal(0, median.GetProperty("faults").GetProperty("sum").GetInt64());
            Assert.All(figures, figure => Assert.True(median.GetProperty("figures").GetProperty(figure).GetDouble() > 0, figure));
        });
    }
}

/// <summary>The curve that needs more than the program itself.</summary>
[Collection("Processes")]
[RequiresRedisAndPostgres]
public sealed class GrowthNodesTests
{
    [ContractFact]
    public async Task Nodes_of_one_cluster_share_the_load()
    {
        await using var database = await PostgresDatabase.CreateAsync();
        await using var redis = await RedisServer.StartAsync();

        var result = await BenchProgram.RunAsync(
            "growth", "nodes", "--steps", "1,2", "--rooms", "1", "--rate", "500", "--warmup", "0s", "--duration", "500ms", "--database", database.Url, "--redis", redis.Url);

        Assert.True(result.Code == 0, result.Output + result.Error);
        Assert.Contains("chat, nodes: 1 ", result.Output, StringComparison.Ordinal);
        Assert.Contains("chat, nodes: 2 ", result.Output, StringComparison.Ordinal);
    }
}
