using Microsoft.Playwright;

namespace Chat.Tests.Support;

/// <summary>Marks a class whose tests need Chromium on this machine.</summary>
public sealed class RequiresChromiumAttribute : RequiresAttribute
{
    public override string? Missing => BrowserFixture.Missing;
}

/// <summary>The browser tests run one after another and share the browser.</summary>
[CollectionDefinition(Name)]
public sealed class BrowserTests : ICollectionFixture<BrowserFixture>
{
    public const string Name = "Browser";
}

/// <summary>One headless Chromium, Debian's own, started when the first test asks for it.</summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    private const string Program = "/usr/bin/chromium";

    /// <summary>Nothing here takes so long unless it is broken.</summary>
    private const float Timeout = 45_000;

    private Task<(IPlaywright Playwright, IBrowser Browser)>? _running;

    /// <summary>Why there is no browser here; null where there is one.</summary>
    public static string? Missing { get; } = File.Exists(Program) ? null : $"Chromium is not installed: no {Program}";

    /// <summary>A browser of the caller's own, which disposes both.</summary>
    public static async Task<(IPlaywright Playwright, IBrowser Browser)> LaunchAsync(params string[] arguments)
    {
        Assertions.SetDefaultExpectTimeout(Timeout);
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Program,
            Timeout = Timeout,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", .. arguments,
            ],
        });
        return (playwright, browser);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_running is not null)
        {
            var (playwright, browser) = await _running;
            await browser.DisposeAsync();
            playwright.Dispose();
        }
    }

    /// <summary>A profile of its own: no cookies, no storage.</summary>
    public async Task<IBrowserContext> NewContextAsync(BrowserNewContextOptions? options = null)
    {
        var (_, browser) = await (_running ??= LaunchAsync());
        var context = await browser.NewContextAsync(options).WaitAsync(TimeSpan.FromMilliseconds(Timeout));
        context.SetDefaultTimeout(Timeout);
        return context;
    }
}
