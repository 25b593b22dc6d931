using System.Text.Json;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Connections;

/// <summary>Runs after all collections that run in parallel, so that what their clients have sent and received is recorded.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class LastCollection
{
    public const string Name = "After all others";
}

/// <summary>The published schemas against what the server really sends and takes.</summary>
[Collection(LastCollection.Name)]
[RequiresNodeClients]
public sealed class NativeSchemaTests
{
    [ContractFact]
    public async Task Every_recorded_frame_is_valid_and_every_kind_of_frame_was_recorded()
    {
        await TourAsync();

        var result = await SchemaCheck.CheckAsync(FrameRecorder.AllSent, FrameRecorder.AllReceived);

        Assert.True(result.Invalid.Count == 0, $"{result.Invalid.Count} of {result.Count} frames are not what the schemas say:\n{string.Join('\n', result.Invalid.Take(5))}");
        Assert.Empty(result.Seen.Where(seen => seen.Value == 0).Select(seen => seen.Key));
    }

    [ContractFact]
    public async Task Frames_without_a_field_or_with_one_of_another_type_are_noticed()
    {
        await TourAsync();

        var result = await SchemaCheck.CheckAsync(FrameRecorder.AllSent, FrameRecorder.AllReceived);

        Assert.Empty(result.Unnoticed);
    }

    [ContractFact]
    public async Task The_index_names_every_schema_and_the_examples_are_valid()
    {
        var result = await SchemaCheck.CheckAsync([], []);

        Assert.Empty(result.Unlisted);
        Assert.Empty(result.BadExamples);
    }

    [ContractFact]
    public async Task The_error_schema_knows_every_code()
    {
        var codes = Enum.GetValues<ErrorCode>().Select(code => JsonSerializer.Serialize(new { type = "error", code = code.Name(), message = "x" }));

        var result = await SchemaCheck.CheckAsync([], [.. codes, """{"type":"error","code":"NO_SUCH_CODE","message":"x"}"""]);

        Assert.Contains("NO_SUCH_CODE", Assert.Single(result.Invalid)!.ToJsonString());
    }

    /// <summary>One session in which every kind of frame is sent and received.</summary>
    private static async Task TourAsync()
    {
        await using var server = await TestServer.StartAsync();
        var session = await OutsideAgent.CreateSessionAsync(server, "mina", "juno");
        var owner = new Caller("mina", "mina");
        await using var mina = await NativeClient.ConnectAsync(server, session, "mina", since: 1000);
        await mina.ExpectAsync("reset");
        await using (var juno = await NativeClient.ConnectAsync(server, session, "juno", since: 0))
        {
            await juno.SendAsync(new { type = "typing", is_typing = true });
            await mina.ExpectAsync("typing");
            await juno.PostAsync("hello");
            await juno.SettleAsync();
            await juno.SendAsync(new { type = "read", seq = 2 });
            await mina.ExpectAsync("read");
            await juno.CloseAsync();
        }
        await mina.ExpectAsync("user_joined");
        await mina.ExpectAsync("user_left");
        await mina.SendAsync(new { type = "message", content = "질문?", message_type = "question", metadata = new { a = 1 }, reply_to = "msg_x", client_message_id = "c-1" });
        var id = (await mina.ExpectAsync("ack")).Text("message_id");
        await mina.SendAsync(new { type = "edit", message_id = id, content = "two", client_message_id = "c-2" });
        await mina.SendAsync(new { type = "react", message_id = id, emoji = "👍" });
        await mina.SendAsync(new { type = "delete", message_id = id });
        await mina.ExpectAsync("message_deleted");
        await mina.SendAsync(new { type = "delete", message_id = "msg_unknown", client_message_id = "c-3" });
        await mina.ExpectAsync("error");
        var file = await server.ShowFileAsync(session, "mina");
        await mina.SendAsync(new { type = "file", file_id = file.FileId, message = "again", client_message_id = "c-4" });
        await mina.ExpectAsync("ack");
        await mina.SendAsync(new { type = "stop" });
        await mina.SendAsync(new { type = "auth", token = server.Token("mina") });
        await using var agent = await OutsideAgent.ConnectAsync(server, session);
        var answer = await agent.StartAsync("mine");
        await agent.SayAsync(answer, "one ");
        await agent.EndAsync(answer);
        await server.DoAsync(session, new UpdateSession { Caller = owner, Title = "A title" });
        await server.DoAsync(session, new ArchiveSession { Caller = owner });
        await server.DoAsync(session, new UpdateSession { Caller = owner, Restore = true });
        await mina.SendAsync(new { type = "sync", since = 0 });
        await mina.ExpectAsync("synced");
        await mina.SettleAsync();
    }
}
