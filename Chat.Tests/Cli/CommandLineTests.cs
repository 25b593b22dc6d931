using Chat.Tests.Support;

namespace Chat.Tests.Cli;

/// <summary>What every command has in common: help, exit codes, and plain words for what is wrong.</summary>
[Collection("Processes")]
public sealed class CommandLineTests
{
    public static readonly Dictionary<string, string> Production = new() { ["JWT_SECRET_KEY"] = TestServer.Secret };

    [Theory]
    [InlineData("")]
    [InlineData("serve")]
    [InlineData("token")]
    [InlineData("migrate")]
    [InlineData("migrate up")]
    [InlineData("migrate down")]
    [InlineData("migrate status")]
    [InlineData("migrate history")]
    [InlineData("rebuild")]
    [InlineData("replay")]
    public async Task Help_is_everywhere(string command)
    {
        var result = await ChatProcess.RunAsync(null, [.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);

        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Contains("Usage:", result.Output, StringComparison.Ordinal);
        Assert.Contains("--mode <development|production>", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("serv", "serv")]
    [InlineData("serve --port x", "--port")]
    [InlineData("serve --engine orleans", "orleans")]
    [InlineData("--mode test", "test")]
    [InlineData("--set chat.service.port", "--set takes KEY=VALUE")]
    [InlineData("token --users 0", "--users takes 1 to")]
    [InlineData("token --user a --users 2", "exclude each other")]
    [InlineData("token --roles king", "--roles takes admin and agent")]
    [InlineData("token --lifetime long", "--lifetime takes a number and")]
    [InlineData("migrate", "command")]
    [InlineData("migrate down", "--steps N or --to VERSION")]
    [InlineData("migrate down --steps 0", "from 1")]
    [InlineData("migrate up --set-name other", "other")]
    [InlineData("replay", "SESSION")]
    [InlineData("replay s --at 0", "--at takes a seq")]
    public async Task What_is_no_command_line_ends_with_2(string line, string says)
    {
        var result = await ChatProcess.RunAsync(null, line.Split(' '));

        Assert.Equal((2, ""), (result.Code, result.Output));
        Assert.Contains(says, result.Error, StringComparison.Ordinal);
        Assert.Contains("--help", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_setting_is_told_with_its_file_and_line_and_ends_with_1()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder.File("my.conf"), "chat {\n  mode = development, service.address = 127.0.0.1\n  service.port = many\n}\n");

        var result = await ChatProcess.RunAsync(null, "--config", folder.File("my.conf"));

        Assert.Equal((1, ""), (result.Code, result.Output));
        Assert.StartsWith($"{folder.File("my.conf")}:3: chat.service.port: ", result.Error, StringComparison.Ordinal);
        AssertPlain(result.Error);
    }

    [Theory]
    [InlineData("serve --mode development --set chat.cluster.akka.host=a/b", "chat.cluster.akka.host: is neither a name nor an IPv4 address")]
    [InlineData("--set chat.service.prot=1 --mode development", "chat.service.prot: is no setting; the nearest is chat.service.port")]
    [InlineData("--config nowhere.conf", "nowhere.conf")]
    [InlineData("serve", "production does not start with the default key")]
    [InlineData("token --set chat.jwt.algorithm=RS256 --set chat.jwt.jwks=keys.json --mode development", "chat.jwt.algorithm is RS256")]
    [InlineData("rebuild --mode development --set chat.storage.database-url=postgresql://u:p@127.0.0.1:9/none", "The database does not answer")]
    [InlineData("migrate status --mode development --set chat.storage.database-url=postgresql://u:p@127.0.0.1:9/none", "The database does not answer")]
    public async Task What_is_refused_is_said_in_a_sentence_and_ends_with_1(string line, string says)
    {
        var result = await ChatProcess.RunAsync(null, line.Split(' '));

        Assert.Equal(1, result.Code);
        Assert.Contains(says, result.Error, StringComparison.Ordinal);
        AssertPlain(result.Error);
    }

#if !AKKA
    [Fact]
    public async Task An_engine_that_this_build_has_not_is_refused_in_a_sentence()
    {
        var result = await ChatProcess.RunAsync(null, "serve", "--mode", "development", "--engine", "akka");

        Assert.Equal((1, ""), (result.Code, result.Output));
        Assert.StartsWith("chat.engine: is akka, which this build has not", result.Error, StringComparison.Ordinal);
    }
#endif

    [Fact]
    public async Task A_port_that_is_taken_is_refused_in_a_sentence()
    {
        await using var server = await TestServer.StartAsync();

        var result = await ChatProcess.RunAsync(Production, "serve", "--port", $"{server.Address.Port}", "--set", "chat.service.address=127.0.0.1");

        Assert.Equal(1, result.Code);
        Assert.Contains($":{server.Address.Port}: address already in use", result.Error, StringComparison.Ordinal);
        AssertPlain(result.Error);
    }

    [Fact]
    public async Task Without_a_command_it_serves_and_a_stop_is_orderly()
    {
        await using var server = await ChatProcess.ServeAsync(new Dictionary<string, string> { ["SERVICE_PORT"] = "0", ["LOG_LEVEL"] = "ERROR" }, "--mode", "development");
        using var http = new HttpClient();

        var page = await http.GetStringAsync(server.Address);

        Assert.Contains("<html", page, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(0, await server.StopAsync());
        Assert.EndsWith("Stopped", server.Output.TrimEnd(), StringComparison.Ordinal);
    }

    private static void AssertPlain(string error)
    {
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_setting_that_is_not_read_yet_is_said_to_be_none_and_its_value_is_not_shown()
    {
        await using var server = await ChatProcess.ServeAsync(new Dictionary<string, string>
        {
            ["CHAT_CONFIG"] = "development",
            ["SERVICE_PORT"] = "0",
            ["USE_WEBSOCKET_CHAT"] = "hunter2",
            ["AWS_SECRET_ACCESS_KEY"] = "hunter2",
        });
        await server.StopAsync();
        Assert.Contains("does not read USE_WEBSOCKET_CHAT", server.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", server.Output + server.Error, StringComparison.Ordinal);
    }
}
