using System.Text.Json;
using System.Text.Json.Nodes;
using Chat.Actors.Sessions;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Cli;

[Collection("Processes")]
public sealed class ReplayCommandTests
{
    [Fact]
    public async Task It_prints_a_session_as_it_was_at_each_event_while_the_server_runs()
    {
        await using var server = await TestServer.StartAsync();
        var kim = new Caller("kim", "kim");
        var session = await server.CreateSessionAsync("kim", "lee");
        var were = new List<SessionView> { (await server.ViewAsync(session))! };
        foreach (var command in new SessionCommand[]
        {
            new UpdateSession { Caller = kim, Title = "안녕", Metadata = """{"a":{"b":1}}""" },
            new PostMessage { Caller = kim, MessageId = MessageId.New(), RunId = MessageId.New(), Content = "하나" },
            new RemoveMember { Caller = kim, UserId = "lee" },
            new ArchiveSession { Caller = kim },
        })
        {
            await server.DoAsync(session, command);
            were.Add((await server.ViewAsync(session))!);
        }

        foreach (var was in were)
        {
            var result = await RunAsync(server, session, "--at", $"{was.Head}");

            Assert.Equal((0, ""), (result.Code, result.Error));
            var state = JsonNode.Parse(result.Output)!;
            Assert.Equal(
                (was.Head, was.Title, was.IsArchived, was.MessageCount, was.TraceId, was.LastActivity.ToWire()),
                ((long)state["head"]!, (string?)state["title"], (bool)state["is_archived"]!, (int)state["message_count"]!, (string)state["trace_id"]!, (string)state["last_activity"]!));
            Assert.Equal(was.Members.Select(member => member.UserId), state["members"]!.AsArray().Select(member => (string)member!["user_id"]!));
            Assert.Equal(was.Metadata is not null, (int?)state["metadata"]?["a"]?["b"] == 1);
        }
        Assert.Equal((await RunAsync(server, session)).Output, (await RunAsync(server, session, "--at", $"{were[^1].Head}")).Output);
    }

    [Fact]
    public async Task Events_come_one_a_line_before_the_state()
    {
        await using var server = await TestServer.StartAsync();
        var session = await server.CreateSessionAsync("kim");
        await server.PostManyAsync(session, "kim", 700);

        var lines = (await RunAsync(server, session, "--events", "--at", "600")).Output.Split('\n');

        Assert.Equal("{", lines[600]);
        for (var seq = 1; seq <= 600; seq++)
        {
            var parts = lines[seq - 1].Split(' ', 4);
            Assert.Equal((seq.ToString(System.Globalization.CultureInfo.InvariantCulture), seq == 1 ? "session-created/1" : "message-posted/1"), (parts[0], parts[1]));
            using var json = JsonDocument.Parse(parts[3]);
            Assert.Equal(parts[2], json.RootElement.GetProperty("at").GetString());
        }
    }

    [Fact]
    public async Task What_is_not_there_ends_with_1()
    {
        await using var server = await TestServer.StartAsync();
        var session = await server.CreateSessionAsync("kim");

        var unknown = await RunAsync(server, "sess_none");
        var beyond = await RunAsync(server, session, "--at", "9");
        var nowhere = await ChatProcess.RunAsync(CommandLineTests.Production, "replay", session);

        Assert.Equal((1, "There is no session 'sess_none'.\n"), (unknown.Code, unknown.Error));
        Assert.Equal((1, $"The log of '{session}' ends at 1.\n"), (beyond.Code, beyond.Error));
        Assert.Equal(1, nowhere.Code);
        Assert.Contains("chat migrate up", nowhere.Error, StringComparison.Ordinal);
    }

    private static Task<ChatResult> RunAsync(TestServer server, string session, params string[] arguments) => ChatProcess.RunAsync(
        new Dictionary<string, string>(CommandLineTests.Production) { ["DATA_PATH"] = server.Options.Storage.DataPath }, ["replay", session, .. arguments]);
}
