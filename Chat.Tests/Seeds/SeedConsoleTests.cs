using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.RegularExpressions;
using Chat.Tests.Support;
using Microsoft.Playwright;

namespace Chat.Tests.Seeds;

/// <summary>Marks a class whose tests run what the documents say in a browser.</summary>
public sealed class RequiresSeedsAndChromiumAttribute : RequiresAttribute
{
    public override string? Missing => SeedDocument.Missing ?? BrowserFixture.Missing;
}

/// <summary>The functions that seed 003 gives for a browser's console, pasted into the console of the page as they stand.</summary>
[Collection(BrowserTests.Name)]
[RequiresSeedsAndChromium]
public sealed partial class SeedConsoleTests : IAsyncLifetime
{
    private const string User = "mina";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ConcurrentQueue<JsonElement> _frames = new();
    private readonly ConcurrentQueue<string> _console = new();
    private TestServer _server = null!;
    private IPlaywright _playwright = null!;
    private IBrowser _browser = null!;
    private IPage _page = null!;
    private ICDPSession _devTools = null!;

    public async Task InitializeAsync()
    {
        _server = await SeedServer.StartAsync();
        (_playwright, _browser) = await BrowserFixture.LaunchAsync($"--host-resolver-rules=MAP localhost:{SeedServer.WrittenPort} 127.0.0.1:{_server.Address.Port}");
        _page = await _browser.NewPageAsync();
        _page.Console += (_, message) => _console.Enqueue(message.Text);
        _page.WebSocket += (_, socket) => socket.FrameReceived += (_, frame) => _frames.Enqueue(JsonSerializer.Deserialize<JsonElement>(frame.Text!));
        _devTools = await _page.Context.NewCDPSessionAsync(_page);
        await _page.GotoAsync($"http://localhost:{SeedServer.WrittenPort}/");
        await _page.GetByTestId("signin-user").FillAsync(User);
        await _page.GetByTestId("signin-submit").ClickAsync();
        await _page.WaitForFunctionAsync("() => localStorage.getItem('accessToken')");
    }

    public async Task DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
        await _server.DisposeAsync();
    }

    [ContractFact]
    public async Task The_websocket_functions_find_the_server_that_they_were_written_for()
    {
        var script = SeedDocument.Read("003").CodeUnder("1. 브라우저 콘솔 WebSocket 테스트");
        // What is below sends at once, which a socket that is still connecting refuses: a person pastes it a moment later.
        var run = script.IndexOf("// 실행", StringComparison.Ordinal);
        var text = StreamedText().Match(script).Groups[1].Value;
        var three = ListedMessage().Matches(script).Select(m => m.Groups[1].Value).ToList();
        var greeting = SentContent().Match(script).Groups[1].Value;
        Assert.Equal(3, three.Count);

        await PasteAsync(script[..run]);
        await PasteAsync("await new Promise(resolve => ws.readyState === WebSocket.OPEN ? resolve() : ws.addEventListener('open', resolve))");
        var session = new Uri((await PasteAsync("ws.url")).GetString()!).Segments[^1];
        await using var juno = await NativeClient.ConnectAsync(_server, session, "juno");
        await PasteAsync(script[run..]);

        await juno.ExpectAsync("typing", f => f.Flag("is_typing") && f.Text("user_id") == User);
        await juno.ExpectAsync("typing", f => !f.Flag("is_typing") && f.Text("user_id") == User);
        var history = await HistoryAsync(session, messages => messages.Count == 9 && messages.All(m => m.GetProperty("status").GetString() is null or "complete"));

        var own = history.Where(m => m.GetProperty("sender_id").GetString() == User).ToList();
        Assert.Equal([greeting, .. three], own.Where(m => m.GetProperty("message_type").GetString() == "text").Select(m => m.GetProperty("content").GetString()));
        Assert.Equal(4, history.Count(m => m.GetProperty("sender_id").GetString() == "1"));
        var streamed = Assert.Single(own, m => m.GetProperty("message_type").GetString() == "stream");
        Assert.Equal(text, streamed.GetProperty("content").GetString());
        Assert.Equal("complete", streamed.GetProperty("status").GetString());
        Assert.Equal(text.Length, streamed.GetProperty("tokens_used").GetInt32());
        Assert.Equal(text.Length * 100, streamed.GetProperty("latency_ms").GetInt32());

        var id = streamed.GetProperty("message_id").GetString();
        bool IsOfStream(JsonElement f) => f.TryGetProperty("message_id", out var of) && of.GetString() == id;
        // History may know of the end before the browser's tools have told of its frame.
        await UntilAsync(() => Task.FromResult(_frames.Any(f => IsOfStream(f) && TypeOf(f) == "stream_end")), () => string.Join('\n', _frames));
        var frames = _frames.Where(IsOfStream).ToList();
        Assert.Equal("stream_start", Assert.Single(frames, f => TypeOf(f) is "stream_start").GetProperty("type").GetString());
        var chunks = frames.Where(f => TypeOf(f) == "stream_chunk").ToList();
        Assert.Equal(text, string.Concat(chunks.Select(f => f.GetProperty("content").GetString())));
        Assert.Equal(Enumerable.Range(0, chunks.Count), chunks.Select(f => f.GetProperty("index").GetInt32()));
        Assert.Equal("stream_end", TypeOf(frames[^1]));
        Assert.DoesNotContain(_frames, f => TypeOf(f) == "error");
        Assert.Contains("✅ WebSocket 연결됨", _console);
        Assert.Contains($"[user]: {greeting}", _console);
    }

    [ContractFact]
    public async Task The_session_functions_find_the_server_that_they_were_written_for()
    {
        var script = SeedDocument.Read("003").CodeUnder("2. 세션 API 테스트");

        await PasteAsync(script);
        await UntilAsync(() => Task.FromResult(_console.Any(line => line.StartsWith("My Sessions:", StringComparison.Ordinal))), () => string.Join('\n', _console));
        var row = (await RestAsync("sessions")).GetProperty("sessions").EnumerateArray().Single();
        var session = row.GetProperty("session_id").GetString()!;
        Assert.Equal(SessionTitle().Match(script).Groups[1].Value, row.GetProperty("title").GetString());

        var history = await HistoryAsync(session, messages => messages.Count == 2 && messages[1].GetProperty("status").GetString() == "complete");
        Assert.Equal(User, history[0].GetProperty("sender_id").GetString());
        Assert.Equal(SentContent().Match(script).Groups[1].Value, history[0].GetProperty("content").GetString());
        Assert.Equal("1", history[1].GetProperty("sender_id").GetString());
        Assert.Equal(["Created Session:", "Message Sent:", "Message History:", "My Sessions:"], _console.Select(line => line.Split(" {")[0]).Where(line => line.EndsWith(':')));
    }

    /// <summary>As the console of the developer tools runs it; returns what it answers to the last statement.</summary>
    private async Task<JsonElement> PasteAsync(string code)
    {
        var answer = (await _devTools.SendAsync("Runtime.evaluate", new()
        {
            ["expression"] = code,
            ["replMode"] = true,
            ["awaitPromise"] = true,
            ["returnByValue"] = true,
            ["includeCommandLineAPI"] = true,
        }).WaitAsync(Patience))!.Value;
        Assert.False(answer.TryGetProperty("exceptionDetails", out var fault), fault.ToString());
        return answer.GetProperty("result").TryGetProperty("value", out var value) ? value : default;
    }

    /// <summary>The messages of a session once they are as expected.</summary>
    private async Task<IReadOnlyList<JsonElement>> HistoryAsync(string session, Func<IReadOnlyList<JsonElement>, bool> expected)
    {
        List<JsonElement> messages = [];
        await UntilAsync(
            async () => expected(messages = [.. (await RestAsync($"sessions/{session}/messages")).GetProperty("messages").EnumerateArray()]),
            () => string.Join('\n', messages));
        return messages;
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, Func<string> state)
    {
        var begun = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(begun) < Patience, state());
            await Task.Delay(100);
        }
    }

    private async Task<JsonElement> RestAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/chat/{path}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _server.Token(User));
        using var response = await _server.Http.SendAsync(request);
        return JsonSerializer.Deserialize<JsonElement>(await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync());
    }

    private static string TypeOf(JsonElement frame) => frame.GetProperty("type").GetString()!;

    [GeneratedRegex("const text = \"(.+)\";")]
    private static partial Regex StreamedText();

    [GeneratedRegex(@"^    '(.+?)',?$", RegexOptions.Multiline)]
    private static partial Regex ListedMessage();

    [GeneratedRegex(@"content: '(.+)'")]
    private static partial Regex SentContent();

    [GeneratedRegex(@"title: '(.+)'")]
    private static partial Regex SessionTitle();
}
