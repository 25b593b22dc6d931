using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Chat.Tests.Support;

namespace Chat.Tests.Seeds;

/// <summary>The JavaScript that seed 004 gives for a channel's client, in Chromium as it stands but for the token that it asks its reader to put in.</summary>
[Collection(BrowserTests.Name)]
[RequiresSeedsAndChromium]
public sealed class SeedChannelTests : IAsyncLifetime
{
    private const int WrittenPort = 8000;

    private SeedPage _seed = null!;

    public async Task InitializeAsync() => _seed = await SeedPage.StartAsync(WrittenPort, ("/", "<title>PodPod</title>"));

    public async Task DisposeAsync() => await _seed.DisposeAsync();

    [ContractFact]
    public async Task The_snippet_sends_and_receives_what_the_document_says()
    {
        var document = SeedDocument.Read("004");
        var snippet = document.CodeUnder("3. WebSocket 연결");
        Assert.Contains("your_jwt_token", snippet, StringComparison.Ordinal);
        Assert.Contains($"ws://localhost:{WrittenPort}/", snippet, StringComparison.Ordinal);
        var session = (await SendAsync("", new { channel_url = "pod_123_chat", members = new[] { new { user_id = "2" }, new { user_id = "3" } } }))
            .GetProperty("session_id").GetString();
        var page = await _seed.OpenAsync();
        var frames = new ConcurrentQueue<JsonElement>();
        page.WebSocket += (_, socket) => socket.FrameReceived += (_, frame) => frames.Enqueue(JsonSerializer.Deserialize<JsonElement>(frame.Text!));
        var console = await page.Context.NewCDPSessionAsync(page);

        // What is below sends at once, which a socket that is still connecting refuses: a person pastes it a moment later.
        var sending = snippet.IndexOf("// 메시지 전송", StringComparison.Ordinal);
        foreach (var part in new[]
        {
            snippet[..sending].Replace("your_jwt_token", _seed.Server.Token("1"), StringComparison.Ordinal),
            "await new Promise(resolve => ws.readyState === WebSocket.OPEN ? resolve() : ws.addEventListener('open', resolve))",
            snippet[sending..],
        })
        {
            var answer = await console.SendAsync("Runtime.evaluate", new() { ["expression"] = part, ["replMode"] = true, ["awaitPromise"] = true }).WaitAsync(SeedPage.Patience);
            Assert.False(answer!.Value.TryGetProperty("exceptionDetails", out var fault), fault.ToString());
        }
        await WaitForAsync(() => frames.Any(f => f.GetProperty("type").GetString() == "MESG"));

        var received = frames.First(f => f.GetProperty("type").GetString() == "MESG");
        // The document's JSON has no comments here.
        foreach (var field in JsonSerializer.Deserialize<JsonElement>(document.CodeUnder("수신 형식")).EnumerateObject())
        {
            Assert.Equal((field.Name, field.Value.ValueKind), (field.Name, received.GetProperty(field.Name).ValueKind));
        }
        Assert.Equal(("pod_123_chat", 1), (received.GetProperty("channel_url").GetString(), received.GetProperty("user_id").GetInt32()));
        await WaitForAsync(() => _seed.Console.Any(line => line.StartsWith("받은 메시지:", StringComparison.Ordinal)));
        var history = (await SendAsync($"/{session}/messages", body: null)).GetProperty("messages").EnumerateArray().Single();
        Assert.Equal(received.GetProperty("message").GetString(), history.GetProperty("content").GetString());
        Assert.Contains($"message: \"{history.GetProperty("content").GetString()}\"", snippet, StringComparison.Ordinal);
    }

    /// <summary>The browser tells of its frames and its console when it comes to it.</summary>
    private static async Task WaitForAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(SeedPage.Patience);
        while (!condition())
        {
            await Task.Delay(50, patience.Token);
        }
    }

    private async Task<JsonElement> SendAsync(string path, object? body)
    {
        using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, "/api/chat/sessions" + path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _seed.Server.Token("1"));
        request.Content = body is null ? null : JsonContent.Create(body, body.GetType());
        using var response = await _seed.Server.Http.SendAsync(request);
        return JsonSerializer.Deserialize<JsonElement>(await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync());
    }
}
