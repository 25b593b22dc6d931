using Chat.Tests.Support;
using Microsoft.Data.Sqlite;

namespace Chat.Tests.Cli;

[Collection("Processes")]
public sealed class MigrateCommandTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_tables_go_up_and_down_and_up_again()
    {
        Assert.Equal(["journal pending", "read pending"], await StatesAsync());
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));

        Assert.Contains("journal 1 log: applied", (await RunAsync("up")).Output, StringComparison.Ordinal);
        Assert.Equal(["journal applied", "read applied"], await StatesAsync());
        Assert.Contains("read: nothing to do", (await RunAsync("up")).Output, StringComparison.Ordinal);

        Assert.Contains("read 1 read_model: taken back", (await RunAsync("down", "--to", "0", "--set-name", "read")).Output, StringComparison.Ordinal);
        Assert.Equal(["journal applied", "read pending"], await StatesAsync());
        Assert.Single((await RunAsync("history")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1));

        await RunAsync("up");
        Assert.Equal(["journal applied", "read applied"], await StatesAsync());
    }

    [Fact]
    public async Task Production_takes_nothing_back_without_a_yes()
    {
        await RunAsync("up");

        var refused = await ChatProcess.RunAsync(Production, "migrate", "down", "--steps", "1");
        Assert.Equal(1, refused.Code);
        Assert.Contains("--yes", refused.Error, StringComparison.Ordinal);
        Assert.Equal(["journal applied", "read applied"], await StatesAsync());

        Assert.Equal(0, (await ChatProcess.RunAsync(Production, "migrate", "down", "--steps", "1", "--yes")).Code);
        Assert.Equal(["journal pending", "read applied", "read pending"], await StatesAsync());
    }

    [Theory]
    [InlineData("migrate", "up")]
    [InlineData("serve", "--port=0")]
    [InlineData("rebuild", "--mode=development")]
    public async Task Tables_of_something_else_are_refused_and_left_alone(params string[] command)
    {
        await ExecuteAsync("CREATE TABLE chat_messages (mine TEXT); INSERT INTO chat_messages VALUES ('keep')");

        var result = await ChatProcess.RunAsync(Environment, [.. command, .. command[^1].StartsWith("--mode", StringComparison.Ordinal) ? Array.Empty<string>() : ["--mode", "development"]]);

        Assert.Equal(1, result.Code);
        Assert.Contains("chat_messages", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
        Assert.Equal("keep", await ExecuteAsync("SELECT mine FROM chat_messages"));
    }

    [Fact]
    public async Task A_server_that_may_not_migrate_refuses_old_tables_and_says_what_to_do()
    {
        var result = await ChatProcess.RunAsync(Environment, "serve", "--mode", "development", "--set", "chat.storage.migrate-at-start=false");

        Assert.Equal(1, result.Code);
        Assert.Contains("chat migrate up", result.Error, StringComparison.Ordinal);
    }

    private Dictionary<string, string> Environment => new() { ["DATA_PATH"] = _folder.Path };

    private Dictionary<string, string> Production => new(CommandLineTests.Production) { ["DATA_PATH"] = _folder.Path };

    private Task<ChatResult> RunAsync(params string[] arguments) => ChatProcess.RunAsync(Environment, ["migrate", .. arguments, "--mode", "development"]);

    /// <summary>Set and state of each row.</summary>
    /// <summary>However many migrations a set has.</summary>
    private async Task<IEnumerable<string>> StatesAsync() =>
        (await RunAsync("status")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1)
            .Select(row => row.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(cells => $"{cells[0]} {cells[3]}").Distinct();

    private async Task<string?> ExecuteAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={_folder.File("read.db")};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // A test's own words.
        command.CommandText = sql;
#pragma warning restore CA2100
        return (string?)await command.ExecuteScalarAsync();
    }
}
