using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.RegularExpressions;
using Chat.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;

namespace Chat.Tests.Seeds;

/// <summary>
/// A server in development mode, and pages in Chromium as a frontend of a document would have them: they come from a development server of their own, at
/// another port of localhost, and call the address that the document has written in it.
/// </summary>
internal sealed partial class SeedPage : IAsyncDisposable
{
    /// <summary>Nothing here takes so long unless it is broken.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private const int FrontendPort = 3000;

    private readonly ConcurrentQueue<string> _console = new();
    private readonly WebApplication _frontend;
    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private SeedPage(TestServer server, WebApplication frontend, IPlaywright playwright, IBrowser browser)
    {
        Server = server;
        _frontend = frontend;
        _playwright = playwright;
        _browser = browser;
    }

    public TestServer Server { get; }

    /// <summary>What pages wrote to their consoles, and exceptions that nobody caught.</summary>
    public IReadOnlyCollection<string> Console => _console;

    /// <param name="writtenPort">The port of localhost that the document calls.</param>
    /// <param name="files">What the frontend serves, by path: its page at <c>/</c>.</param>
    public static async Task<SeedPage> StartAsync(int writtenPort, params (string Path, string Content)[] files)
    {
        var server = await SeedServer.StartAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var frontend = builder.Build();
        frontend.Urls.Add("http://127.0.0.1:0");
        foreach (var (path, content) in files)
        {
            var type = path.EndsWith(".js", StringComparison.Ordinal) ? "text/javascript; charset=utf-8" : "text/html; charset=utf-8";
            frontend.MapGet(path, () => Results.Text(content, type));
        }
        await frontend.StartAsync();
        var (playwright, browser) = await BrowserFixture.LaunchAsync(
            $"--host-resolver-rules=MAP localhost:{writtenPort} 127.0.0.1:{server.Address.Port},MAP localhost:{FrontendPort} 127.0.0.1:{new Uri(frontend.Urls.First()).Port}");
        return new SeedPage(server, frontend, playwright, browser);
    }

    /// <summary>The frontend's page in a profile of its own.</summary>
    public async Task<IPage> OpenAsync()
    {
        var context = await _browser.NewContextAsync();
        context.SetDefaultTimeout((float)Patience.TotalMilliseconds);
        var page = await context.NewPageAsync();
        page.Console += (_, message) => _console.Enqueue(message.Text);
        page.PageError += (_, error) => _console.Enqueue($"exception: {error}");
        await page.GotoAsync($"http://localhost:{FrontendPort}/");
        return page;
    }

    /// <summary>Fields of the first dictionary in a document's Python that has this text in it.</summary>
    public static IReadOnlyList<string> FieldsOf(string code, string marker)
    {
        var dictionary = Dictionary().Matches(code).Select(m => m.Value).First(text => text.Contains(marker, StringComparison.Ordinal));
        return [.. Field().Matches(dictionary).Select(m => m.Groups[1].Value)];
    }

    public static void AssertFields(IEnumerable<string> fields, JsonElement frame) =>
        Assert.All(fields, field => Assert.True(frame.TryGetProperty(field, out _), $"{field} is missing in {frame}"));

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
        await _frontend.DisposeAsync();
        await Server.DisposeAsync();
    }

    [GeneratedRegex(@"\{(?:[^{}]|\{[^{}]*\})*\}")]
    private static partial Regex Dictionary();

    [GeneratedRegex("""["'](\w+)["']\s*:""")]
    private static partial Regex Field();
}
