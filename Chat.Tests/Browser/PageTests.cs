using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Chat.Host.Configuration;
using Chat.Tests.Support;
using Microsoft.Playwright;

namespace Chat.Tests.Browser;

/// <summary>A server in development mode and the pages of its users; at the end none of them may have had a fault.</summary>
[Collection(BrowserTests.Name)]
[RequiresChromium]
public abstract class PageTests(BrowserFixture browser) : IAsyncLifetime
{
    /// <summary>Agents as the dialog of a new session names them.</summary>
    protected const string Echo = "Echo", Outside = "Outside";

    /// <summary>Nothing here takes so long unless it hangs, which then has a name.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly List<IBrowserContext> _contexts = [];
    private readonly List<ChatPage> _pages = [];
    private readonly TempFolder _folder = new();

    protected TestServer Server { get; private set; } = null!;

    /// <summary>Of the page. A server that was started again may name its address otherwise, which were another origin to the browser.</summary>
    protected Uri Address { get; private set; } = null!;

    public virtual async Task InitializeAsync()
    {
        Server = await TestServer.StartAsync(Options);
        Address = Server.Address;
    }

    public async Task DisposeAsync()
    {
        var faults = _pages.SelectMany(page => page.Faults).ToList();
        foreach (var context in _contexts)
        {
            await context.CloseAsync().WaitAsync(Patience);
        }
        await StopAsync();
        _folder.Dispose();
        Assert.Empty(faults);
    }

    protected virtual ChatOptions Configure(ChatOptions options) => options;

    /// <summary>A signed-in user in a browser of its own.</summary>
    protected async Task<ChatPage> OpenAsync(string user, BrowserNewContextOptions? options = null)
    {
        var page = await OpenAsync(await NewContextAsync(options));
        await page.SignInAsync(user);
        return page;
    }

    /// <summary>Another tab.</summary>
    protected async Task<ChatPage> OpenAsync(IBrowserContext context, string hash = "")
    {
        var page = await ChatPage.OpenAsync(context, Address, hash);
        _pages.Add(page);
        return page;
    }

    protected async Task<IBrowserContext> NewContextAsync(BrowserNewContextOptions? options = null)
    {
        var context = await browser.NewContextAsync(options);
        _contexts.Add(context);
        return context;
    }

    /// <summary>Stops the server; <see cref="StartAgainAsync"/> brings it back on the same data and port.</summary>
    protected Task StopAsync() => Server.DisposeAsync().AsTask().WaitAsync(Patience);

    protected async Task StartAgainAsync()
    {
        Server = await TestServer.StartAsync(o => Options(o) with { Service = o.Service with { Port = Address.Port } });
    }

    /// <summary>An answer of the REST face, which must be a success.</summary>
    protected async Task<JsonElement> RestAsync(string user, string method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"/api/chat/{path}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Server.Token(user));
        request.Content = body is null ? null : JsonContent.Create(body, body.GetType());
        using var response = await Server.Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {(int)response.StatusCode} {text}");
        return JsonSerializer.Deserialize<JsonElement>(text);
    }

    protected static Task ExpectEndedAsync(ILocator message, string status = "complete") =>
        Assertions.Expect(message).ToHaveAttributeAsync("data-status", status);

    /// <summary>The messages of a session as REST tells them, oldest first.</summary>
    protected async Task<IReadOnlyList<JsonElement>> HistoryAsync(string user, string session) =>
        [.. (await RestAsync(user, "GET", $"sessions/{session}/messages?limit=200")).GetProperty("messages").EnumerateArray()];

    /// <summary>What the user's own messages say.</summary>
    protected async Task<IReadOnlyList<string>> SaidAsync(string user, string session) =>
        [.. (await HistoryAsync(user, session)).Where(m => m.GetProperty("sender_id").GetString() == user).Select(m => m.GetProperty("content").GetString()!)];

    /// <summary>The text of the session's only answer.</summary>
    protected async Task<string> AnswerAsync(string user, string session) =>
        (await HistoryAsync(user, session)).Single(m => m.GetProperty("sender_type").GetString() == "agent").GetProperty("content").GetString()!;

    private ChatOptions Options(ChatOptions options) => Configure(options with
    {
        Mode = ChatMode.Development,
        Storage = options.Storage with { DataPath = _folder.Path },
        Stream = options.Stream with { Delay = TimeSpan.FromMilliseconds(20) },
        Agents = [new AgentOptions { Id = 1, Name = Echo }, new AgentOptions { Id = 2, Name = Outside, Provider = "external" }],
    });
}
