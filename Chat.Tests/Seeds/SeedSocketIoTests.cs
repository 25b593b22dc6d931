using System.Text.Json;
using Chat.Tests.Support;
using Microsoft.Playwright;

namespace Chat.Tests.Seeds;

/// <summary>Marks a class whose tests run what the documents say in a browser with a library of npm.</summary>
public sealed class RequiresSeedsAndChromiumAndNodeClientsAttribute : RequiresAttribute
{
    public override string? Missing => new RequiresSeedsAndChromiumAttribute().Missing ?? new RequiresNodeClientsAttribute().Missing;
}

/// <summary>
/// Seed 000 in Chromium with the browser build of socket.io-client as npm has it. The document has the server's handlers and no client, so the page is
/// this test's: it emits the events that they handle and reads the fields that they emit.
/// </summary>
[Collection(BrowserTests.Name)]
[RequiresSeedsAndChromiumAndNodeClients]
public sealed class SeedSocketIoTests : IAsyncLifetime
{
    private const string Html = """
        <!doctype html>
        <meta charset="utf-8">
        <script src="socket.io.min.js"></script>
        <script>
        const events = [];
        const socket = io('http://localhost:8003');
        socket.onAny((name, data) => events.push({ name, data }));
        const received = (name, nth = 0) => events.filter(event => event.name === name)[nth]?.data;
        </script>
        """;

    private SeedPage _seed = null!;

    public async Task InitializeAsync() => _seed = await SeedPage.StartAsync(SeedServer.WrittenPort, ("/", Html), ("/socket.io.min.js", await File.ReadAllTextAsync(
        Path.Combine(SchemaCheck.Clients, "node_modules", "socket.io-client", "dist", "socket.io.min.js"))));

    public async Task DisposeAsync() => await _seed.DisposeAsync();

    [ContractFact]
    public async Task A_page_with_the_stock_client_joins_sends_and_reads_history()
    {
        var server = SeedDocument.Read("000").CodeUnder("app/websocket/server.py");
        var (jiwoo, haneul) = (await _seed.OpenAsync(), await _seed.OpenAsync());
        Assert.Equal("connected", (await ReceivedAsync(jiwoo, "connected")).GetProperty("status").GetString());

        await jiwoo.EvaluateAsync("void socket.emit('send_message', { message: '아직' })");
        await AssertErrorAsync(jiwoo, 0, server);
        await jiwoo.EvaluateAsync("void socket.emit('join_session', { session_id: 'class-1' })");
        await AssertErrorAsync(jiwoo, 1, server);
        await jiwoo.EvaluateAsync("void socket.emit('join_session', { session_id: 'class-1', participant_id: 'p1', nickname: '지우' })");
        Assert.Equal(1, (await ReceivedAsync(jiwoo, "joined_session")).GetProperty("participant_count").GetInt32());
        await haneul.EvaluateAsync("void socket.emit('join_session', { session_id: 'class-1', participant_id: 'p2', nickname: '하늘' })");
        var joined = await ReceivedAsync(haneul, "joined_session");
        Assert.Equal(("class-1", 2), (joined.GetProperty("session_id").GetString(), joined.GetProperty("participant_count").GetInt32()));
        Assert.Equal(2, (await ReceivedAsync(jiwoo, "participant_count_update", nth: 1)).GetProperty("count").GetInt32());

        await jiwoo.EvaluateAsync("void socket.emit('send_message', { message: '   ' })");
        await AssertErrorAsync(jiwoo, 2, server);
        await jiwoo.EvaluateAsync("void socket.emit('send_message', { message: '  <b>안녕하세요</b> 👋🏽 ' })");
        var first = await ReceivedAsync(haneul, "new_message");
        await haneul.EvaluateAsync("void socket.emit('send_message', { message: '질문이요', message_type: 'question' })");
        var second = await ReceivedAsync(jiwoo, "new_message", nth: 1);
        var fields = SeedPage.FieldsOf(server, "chat_message.created_at");
        SeedPage.AssertFields(fields, first);
        Assert.Equal(("지우", "<b>안녕하세요</b> 👋🏽", "text"), Read(first));
        Assert.Equal(("하늘", "질문이요", "question"), Read(second));

        await haneul.EvaluateAsync("void socket.emit('get_chat_history', {})");
        var history = (await ReceivedAsync(haneul, "chat_history")).GetProperty("messages").EnumerateArray().ToList();
        Assert.Equal([Read(first), Read(second)], history.Select(Read));
        Assert.All(history, message => SeedPage.AssertFields(fields, message));

        await jiwoo.WaitForFunctionAsync("socket.io.engine.transport.name === 'websocket'");
        await jiwoo.EvaluateAsync("void socket.disconnect()");
        await haneul.WaitForFunctionAsync("events.filter(event => event.name === 'participant_count_update').at(-1).data.count === 1");
        Assert.DoesNotContain(_seed.Console, line => line.StartsWith("exception", StringComparison.Ordinal));
    }

    private static async Task<JsonElement> ReceivedAsync(IPage page, string name, int nth = 0)
    {
        await page.WaitForFunctionAsync("([name, nth]) => received(name, nth)", new object[] { name, nth });
        return await page.EvaluateAsync<JsonElement>("([name, nth]) => received(name, nth)", new object[] { name, nth });
    }

    /// <summary>In the document's own words.</summary>
    private static async Task AssertErrorAsync(IPage page, int nth, string server) =>
        Assert.Contains($"'{(await ReceivedAsync(page, "error", nth)).GetProperty("message").GetString()}'", server, StringComparison.Ordinal);

    private static (string?, string?, string?) Read(JsonElement message) => (
        message.GetProperty("participant_nickname").GetString(), message.GetProperty("message").GetString(), message.GetProperty("message_type").GetString());
}
