using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Connections;

/// <summary>Files in the frames of the native WebSocket.</summary>
public sealed class NativeFileTests(NativeServer native) : IClassFixture<NativeServer>
{
    private readonly TestServer _server = native.Server;

    [Fact]
    public async Task A_file_is_shown_once_more_and_acknowledged()
    {
        var session = await _server.CreateSessionAsync("mina", "juno");
        var file = await _server.ShowFileAsync(session, "mina");
        await using var juno = await NativeClient.ConnectAsync(_server, session, "juno");

        await juno.SendAsync(new { type = "file", file_id = file.FileId, message = "이 이미지를 분석해주세요.", client_message_id = "c-1" });

        var ack = await juno.ExpectAsync("ack");
        var shown = await juno.ExpectAsync("message", f => f.Text("sender_id") == "juno");
        Assert.Equal((ack.Text("message_id"), "file", "이 이미지를 분석해주세요."), (shown.Text("message_id"), shown.Text("message_type"), shown.Text("content")));
        Assert.Equal(
            $$"""{"file_id":"{{file.FileId}}","url":"/files/{{file.FileId}}","name":"화면.png","type":"image/png","size":245632,"thumbnail_url":"/files/{{file.FileId}}/thumb"}""",
            shown.Root.GetProperty("file").GetRawText());

        await juno.SendAsync(new { type = "file", file_id = file.FileId, message = "이 이미지를 분석해주세요.", client_message_id = "c-1" });
        Assert.Equal(ack.ToString(), (await juno.ExpectAsync("ack")).ToString());
        Assert.Equal(2, (await _server.LogAsync(session)).Count(e => e.Event is FilePosted));
    }

    [Fact]
    public async Task Nothing_said_with_a_file_leaves_its_name_as_the_content()
    {
        var session = await _server.CreateSessionAsync("mina");
        var file = await _server.ShowFileAsync(session, "mina");
        await using var mina = await NativeClient.ConnectAsync(_server, session, "mina");

        await mina.SendAsync(new { type = "file", file_id = file.FileId, message = "  " });

        Assert.Equal("화면.png", (await mina.ExpectAsync("message")).Text("content"));
    }

    [Fact]
    public async Task A_file_of_another_session_is_not_found_nor_one_whose_messages_are_deleted()
    {
        var session = await _server.CreateSessionAsync("mina");
        var others = await _server.ShowFileAsync(await _server.CreateSessionAsync("juno"), "juno");
        var deleted = await _server.ShowFileAsync(session, "mina");
        var message = (await _server.LogAsync(session)).Select(e => e.Event).OfType<FilePosted>().Single().MessageId;
        await _server.DoAsync(session, new DeleteMessage { Caller = new Caller("mina", "mina"), MessageId = message });
        await using var mina = await NativeClient.ConnectAsync(_server, session, "mina");

        foreach (var id in new[] { others.FileId, deleted.FileId, PostedFile.NewId(), "file_1", "../../etc/passwd", new string('x', 100), "" })
        {
            await mina.SendAsync(new { type = "file", file_id = id, client_message_id = "c" });
            Assert.Equal("c", (await mina.ExpectErrorAsync("NOT_FOUND")).Text("client_message_id"));
        }
        Assert.Single((await _server.LogAsync(session)).Select(e => e.Event).OfType<FilePosted>());
    }

    [Fact]
    public async Task A_message_cannot_make_itself_a_file()
    {
        var session = await _server.CreateSessionAsync("mina");
        await using var mina = await NativeClient.ConnectAsync(_server, session, "mina");

        await mina.SendTextAsync("""{"type":"message","content":"x","message_type":"file","file":{"file_id":"file_1","url":"/etc/passwd"}}""");

        await mina.ExpectErrorAsync("BAD_FIELD");
        await mina.SendAsync(new { type = "message", content = "x", file = new { file_id = "file_1" } });
        Assert.False((await mina.ExpectAsync("message")).Has("file"));
    }
}
