using System.Globalization;
using Chat.Actors.Persistence;
using Chat.Protocol;
using Chat.Tests.Support;
using Microsoft.Data.Sqlite;

namespace Chat.Tests.Cli;

[Collection("Processes")]
public sealed class RebuildCommandTests
{
    private const int Messages = 2500;

    [Fact]
    public async Task It_restores_what_was_lost_also_beside_a_running_server_that_goes_on_writing()
    {
        using var folder = new TempFolder();
        await using var server = await TestServer.StartAsync(options => options with { Storage = options.Storage with { DataPath = folder.Path } });
        var session = await server.CreateSessionAsync("kim");
        await server.PostManyAsync(session, "kim", Messages);
        await server.Node.ReadModel.WaitUntilCurrentAsync();
        await LoseAsync(folder);
        Assert.Equal(0, await CountAsync(server, session));

        using var stop = new CancellationTokenSource();
        var writing = WriteAsync(server, session, stop.Token);
        var result = await ChatProcess.RunAsync(new Dictionary<string, string>(CommandLineTests.Production) { ["DATA_PATH"] = folder.Path }, "rebuild");
        await stop.CancelAsync();
        var more = await writing;

        Assert.Equal((0, ""), (result.Code, result.Error));
        var steps = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        // Beyond the target, where the server has written on.
        var last = steps[^1].Split(" of ").Select(number => long.Parse(number, CultureInfo.InvariantCulture)).ToList();
        Assert.True(last[0] >= last[1], steps[^1]);
        await server.Node.ReadModel.WaitUntilCurrentAsync();
        Assert.Equal(Messages + more, await CountAsync(server, session));
    }

    private static async Task<int> WriteAsync(TestServer server, string session, CancellationToken stop)
    {
        for (var count = 0; ; count++)
        {
            if (stop.IsCancellationRequested)
            {
                return count;
            }
            await server.PostAsync(session, "kim", $"more {count}");
        }
    }

    private static async Task<int> CountAsync(TestServer server, string session)
    {
        var (count, before) = (0, (HistoryCursor?)null);
        while (await server.Node.ReadModel.PageMessagesAsync(new SessionId(session), before, null, 200) is { Messages.Count: > 0 } page)
        {
            count += page.Messages.Count;
            before = HistoryCursor.At(page.Messages[0].Seq);
        }
        return count;
    }

    private static async Task LoseAsync(TempFolder folder)
    {
        await using var connection = new SqliteConnection($"Data Source={folder.File("read.db")};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "DELETE FROM chat_messages";
        await command.ExecuteNonQueryAsync();
    }
}
