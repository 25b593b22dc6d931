using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Chat.Tests.Support;
using Microsoft.Playwright;

namespace Chat.Tests.Seeds;

/// <summary>
/// Seed 001 in Chromium. The document has the server's handlers and no client, so the page is this test's: it does what a frontend of those handlers
/// does, and the fields that it reads are those that the document's Python writes.
/// </summary>
[Collection(BrowserTests.Name)]
[RequiresSeedsAndChromium]
public sealed class SeedParticipantTests : IAsyncLifetime
{
    private const string Html = """
        <!doctype html>
        <meta charset="utf-8">
        <ul id="messages"></ul>
        <script>
        const server = 'localhost:8003';
        const frames = [];
        let me, socket;

        async function join(code, nickname) {
          const response = await fetch(`http://${server}/api/participants/join/${code}`, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({ nickname }),
          });
          if (!response.ok) throw new Error((await response.json()).detail);
          me = (await response.json()).participant;
          socket = new WebSocket(`ws://${server}/ws/${code}/${me.id}`);
          socket.onmessage = event => {
            const frame = JSON.parse(event.data);
            frames.push(frame);
            if (frame.type === 'chat_message' || frame.type === 'question') {
              const item = document.createElement('li');
              item.textContent = `${frame.type} ${frame.participant_nickname}: ${frame.content}`;
              document.getElementById('messages').append(item);
            }
          };
          await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onclose = reject; });
        }

        const send = frame => socket.send(JSON.stringify(frame));
        const received = (type, fits = () => true) => frames.find(frame => frame.type === type && fits(frame));
        </script>
        """;

    private SeedPage _seed = null!;

    public async Task InitializeAsync() => _seed = await SeedPage.StartAsync(SeedServer.WrittenPort, ("/", Html));

    public async Task DisposeAsync() => await _seed.DisposeAsync();

    [ContractFact]
    public async Task A_frontend_of_the_handlers_finds_the_server_that_they_describe()
    {
        var handlers = SeedDocument.Read("001").CodeUnder("app/websocket/handlers.py");
        var manager = SeedDocument.Read("001").CodeUnder("app/websocket/manager.py");
        var endpoint = SeedDocument.Read("001").CodeUnder("app/api/v1/websocket.py");
        var code = await CreateAsync();
        var (jiwoo, haneul) = (await _seed.OpenAsync(), await _seed.OpenAsync());

        await jiwoo.EvaluateAsync("code => join(code, '지우')", code);
        // Whoever is told of its own mistake is in.
        await jiwoo.EvaluateAsync("send({ type: 'dance' })");
        Assert.Equal("Unknown message type: dance", (await ReceivedAsync(jiwoo, "error")).GetProperty("message").GetString());
        await haneul.EvaluateAsync("code => join(code, '하늘')", code);
        var joined = await ReceivedAsync(jiwoo, "participant_joined");
        Assert.Equal(await haneul.EvaluateAsync<string>("me.id"), joined.GetProperty("participant_id").GetString());
        Assert.Contains($"\"{joined.GetProperty("message").GetString()}\"", manager, StringComparison.Ordinal);

        await haneul.EvaluateAsync("send({ type: 'typing', is_typing: true })");
        SeedPage.AssertFields(SeedPage.FieldsOf(handlers, "\"type\": \"typing\""), await ReceivedAsync(jiwoo, "typing"));
        await haneul.EvaluateAsync("send({ type: 'participant_update' })");
        SeedPage.AssertFields(SeedPage.FieldsOf(handlers, "\"type\": \"participant_update\""), await ReceivedAsync(jiwoo, "participant_update"));
        await haneul.EvaluateAsync("send({ type: 'chat_message', content: '  <b>안녕하세요</b> 👋🏽  ' })");
        await jiwoo.EvaluateAsync("send({ type: 'question', content: '질문 있어요?' })");
        foreach (var page in new[] { jiwoo, haneul })
        {
            SeedPage.AssertFields(SeedPage.FieldsOf(handlers, "\"type\": \"chat_message\""), await ReceivedAsync(page, "chat_message"));
            SeedPage.AssertFields(SeedPage.FieldsOf(handlers, "\"type\": \"question\""), await ReceivedAsync(page, "question"));
        }
        Assert.Equal(await jiwoo.Locator("li").AllTextContentsAsync(), await haneul.Locator("li").AllTextContentsAsync());
        Assert.Contains("chat_message 하늘: <b>안녕하세요</b> 👋🏽", await jiwoo.Locator("li").AllTextContentsAsync());

        await haneul.EvaluateAsync("send({ type: 'chat_message', content: '   ' })");
        var error = await ReceivedAsync(haneul, "error");
        Assert.Contains($"\"{error.GetProperty("message").GetString()}\"", handlers, StringComparison.Ordinal);
        Assert.False(await haneul.EvaluateAsync<bool>("frames.some(frame => frame.type === 'typing')"));

        await haneul.EvaluateAsync("socket.close()");
        var left = await ReceivedAsync(jiwoo, "participant_left");
        SeedPage.AssertFields(SeedPage.FieldsOf(endpoint, "\"type\": \"participant_left\""), left);
        Assert.Equal("하늘님이 떠났습니다.", left.GetProperty("message").GetString());
        Assert.DoesNotContain(_seed.Console, line => line.StartsWith("exception", StringComparison.Ordinal));
    }

    private static async Task<JsonElement> ReceivedAsync(IPage page, string type)
    {
        await page.WaitForFunctionAsync("type => received(type)", type);
        return await page.EvaluateAsync<JsonElement>("type => received(type)", type);
    }

    private async Task<string> CreateAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/chat/sessions") { Content = JsonContent.Create(new { title = "수업", joinable = true }) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _seed.Server.Token("teacher"));
        using var response = await _seed.Server.Http.SendAsync(request);
        return JsonSerializer.Deserialize<JsonElement>(await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync()).GetProperty("session_code").GetString()!;
    }
}
