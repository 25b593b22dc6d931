using System.Collections.Concurrent;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Chat.Tests.Support;

/// <summary>The chat page of one user in a browser, in the words of its user; it remembers all that must not happen in it.</summary>
public sealed class ChatPage
{
    /// <summary>What the policy forbids is told as the browser tells it, and also where no console shows it.</summary>
    private const string TellViolations =
        "addEventListener('securitypolicyviolation', e => console.error(`Content Security Policy: ${e.violatedDirective} ${e.blockedURI}`))";

    private readonly Uri _address;
    private readonly ConcurrentQueue<string> _faults = new();

    private ChatPage(IPage page, Uri address)
    {
        Page = page;
        _address = address;
    }

    public IPage Page { get; }

    /// <summary>Uncaught exceptions, dialogs of the browser, breaches of the content policy, requests to other servers.</summary>
    public IReadOnlyCollection<string> Faults => _faults;

    public ILocator Messages => Page.GetByTestId("message");
    public ILocator Composer => Page.GetByTestId("composer");
    public ILocator Status => Page.GetByTestId("connection-status");
    public ILocator Title => Page.GetByTestId("session-title");
    public ILocator Sessions => Page.GetByTestId("session-item");

    /// <summary>Answers of the agent.</summary>
    public ILocator Answers => Page.Locator("[data-testid=message][data-sender-type=agent]");

    /// <param name="context">Several pages in one are tabs of one user.</param>
    public static async Task<ChatPage> OpenAsync(IBrowserContext context, Uri address, string hash = "")
    {
        var page = await context.NewPageAsync();
        var chat = new ChatPage(page, address);
        page.PageError += (_, error) => chat._faults.Enqueue($"exception: {error}");
        page.Dialog += async (_, dialog) =>
        {
            chat._faults.Enqueue($"dialog: {dialog.Message}");
            await dialog.DismissAsync();
        };
        page.Console += (_, message) =>
        {
            if (message.Text.Contains("Content Security Policy", StringComparison.Ordinal))
            {
                chat._faults.Enqueue(message.Text);
            }
        };
        page.Request += (_, request) => chat.Judge(request.Url);
        page.WebSocket += (_, socket) => chat.Judge(socket.Url);
        await page.AddInitScriptAsync(TellViolations);
        await page.GotoAsync(address + hash);
        return chat;
    }

    public async Task SignInAsync(string user)
    {
        await Page.GetByTestId("signin-user").FillAsync(user);
        await Page.GetByTestId("signin-submit").ClickAsync();
        await Expect(Page.GetByTestId("session-list")).ToBeAttachedAsync();
    }

    /// <summary>By the dialog; returns the session's id once the session is open and connected.</summary>
    public async Task<string> CreateSessionAsync(string title, string agent = "No agent", string members = "")
    {
        await Page.GetByTestId("new-session").ClickAsync();
        await Page.GetByTestId("new-session-title").FillAsync(title);
        await Page.GetByTestId("new-session-agent").SelectOptionAsync(agent);
        await Page.GetByTestId("new-session-members").FillAsync(members);
        await Page.GetByTestId("dialog-submit").ClickAsync();
        await Expect(Title).ToHaveTextAsync(title);
        await ExpectConnectedAsync();
        return Uri.UnescapeDataString(new Uri(Page.Url).Fragment["#/s/".Length..]);
    }

    /// <summary>Opens a session by its address, as a link does.</summary>
    public async Task EnterAsync(string session)
    {
        await Page.GotoAsync($"{_address}#/s/{Uri.EscapeDataString(session)}");
        await ExpectConnectedAsync();
    }

    public async Task ReloadAsync()
    {
        await Page.ReloadAsync();
        await ExpectConnectedAsync();
    }

    /// <summary>What the browser tells a page that its user turns to again.</summary>
    public async Task ComeBackAsync() => await Page.EvaluateAsync("dispatchEvent(new Event('focus'))");

    public async Task SayAsync(string text)
    {
        await Composer.FillAsync(text);
        await Page.GetByTestId("send").ClickAsync();
    }

    /// <summary>An own message once it is acknowledged.</summary>
    public async Task SayAndWaitAsync(string text)
    {
        await SayAsync(text);
        await Expect(Saying(text)).ToHaveAttributeAsync("data-status", "sent");
    }

    /// <summary>The rows that have this text, and no other, in their body.</summary>
    public ILocator Saying(string text) => Messages.Filter(new() { Has = Page.Locator(".body").GetByText(text, new() { Exact = true }) });

    public Task ExpectConnectedAsync() => ExpectStateAsync("connected");

    public Task ExpectStateAsync(string state) => Expect(Status).ToHaveAttributeAsync("data-state", state);

    /// <summary>The text as the page holds it, without what style sheets add.</summary>
    public static async Task<string> TextOfAsync(ILocator message) => await message.Locator(".body").TextContentAsync() ?? "";

    /// <summary>Returns when the page's answer is true.</summary>
    /// <param name="condition">JavaScript.</param>
    public Task WaitAsync(string condition, object? argument = null) => Page.WaitForFunctionAsync(condition, argument);

    /// <summary>Returns when the text of a message is at least so long.</summary>
    public async Task ExpectLongerAsync(ILocator message, int length)
    {
        var body = await message.Locator(".body").ElementHandleAsync();
        await Page.WaitForFunctionAsync("([body, length]) => body.textContent.length >= length", new object[] { body, length });
    }

    private void Judge(string url)
    {
        if (new Uri(url) is { Scheme: "http" or "https" or "ws" or "wss" } address && address.Authority != _address.Authority)
        {
            _faults.Enqueue($"request to {url}");
        }
    }
}
