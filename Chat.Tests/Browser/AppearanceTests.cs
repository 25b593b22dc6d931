using Chat.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Chat.Tests.Browser;

/// <summary>The page on a phone, in the dark, and without its libraries.</summary>
public sealed class AppearanceTests(BrowserFixture browser) : PageTests(browser)
{
    private static readonly BrowserNewContextOptions Phone = new()
    {
        ViewportSize = new() { Width = 390, Height = 844 },
        IsMobile = true,
        HasTouch = true,
        DeviceScaleFactor = 2,
    };

    [ContractFact]
    public async Task On_a_phone_one_side_is_shown_at_a_time_and_nothing_is_wider_than_the_screen()
    {
        var mina = await OpenAsync("mina", Phone);
        await ExpectFitsAsync(mina);
        var session = await mina.CreateSessionAsync("A rather long title of a conversation that does not fit on a phone at all", Echo);
        await Expect(mina.Page.GetByTestId("session-list")).ToBeHiddenAsync();
        await Server.PostAsync(session, "mina", $"```\n{new string('x', 300)}\n```\n\n| {string.Join(" | ", Enumerable.Range(0, 20))} |\n{string.Concat(Enumerable.Repeat("|---", 20))}|\n\n{new string('y', 300)}");
        await ExpectEndedAsync(mina.Answers);
        await ExpectFitsAsync(mina);
        await Expect(mina.Composer).ToBeInViewportAsync();
        await Expect(mina.Page.GetByTestId("send")).ToBeInViewportAsync();

        // A touch shows what can be done with a message.
        await mina.Messages.First.Locator(".bubble").TapAsync(new() { Position = new() { X = 5, Y = 5 } });
        await ExpectFitsAsync(mina);
        await mina.Page.GetByTestId("reply").TapAsync();
        await mina.SayAndWaitAsync("tapped");
        await ExpectFitsAsync(mina);
        await mina.Page.GetByTestId("back").TapAsync();

        await Expect(mina.Composer).ToBeHiddenAsync();
        await Expect(mina.Sessions).ToBeVisibleAsync();
        await ExpectFitsAsync(mina);
        await mina.Sessions.TapAsync();
        await Expect(mina.Composer).ToBeVisibleAsync();
        await mina.Page.GoBackAsync();
        await Expect(mina.Sessions).ToBeVisibleAsync();
    }

    [ContractFact]
    public async Task The_page_follows_the_systems_scheme_until_its_user_chooses_one()
    {
        var mina = await OpenAsync("mina", new() { ColorScheme = ColorScheme.Dark });
        await mina.CreateSessionAsync("Night");
        Assert.True(await BrightnessAsync(mina) < 60);
        await mina.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
        Assert.True(await BrightnessAsync(mina) > 200);

        await mina.Page.GetByTestId("theme").ClickAsync();
        await mina.Page.GetByTestId("theme").ClickAsync();

        Assert.True(await BrightnessAsync(mina) < 60);
        await mina.ReloadAsync();
        Assert.True(await BrightnessAsync(mina) < 60);
    }

    [ContractFact]
    public async Task Without_its_libraries_the_page_shows_plain_text()
    {
        var context = await NewContextAsync();
        await context.RouteAsync("**/lib/**", route => route.FulfillAsync(new() { Status = 404 }));
        var mina = await OpenAsync(context);
        await mina.SignInAsync("mina");
        var session = await mina.CreateSessionAsync("Plain", Echo);

        await mina.SayAsync("**bold**\n<img src=x onerror=alert(1)>");

        await ExpectEndedAsync(mina.Answers);
        await ExpectEndedAsync(mina.Messages.First, "sent");
        Assert.Equal("**bold**\n<img src=x onerror=alert(1)>", await ChatPage.TextOfAsync(mina.Messages.First));
        Assert.Equal(await AnswerAsync("mina", session), await ChatPage.TextOfAsync(mina.Answers));
        await Expect(mina.Answers.Locator(".body > *")).ToHaveCountAsync(0);
    }

    private static async Task ExpectFitsAsync(ChatPage page)
    {
        var (wide, screen) = (await page.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"), await page.Page.EvaluateAsync<int>("innerWidth"));
        Assert.True(wide <= screen, $"{wide} px wide on a screen of {screen}");
        Assert.Equal(390, screen);
        Assert.Empty(await page.Page.EvaluateAsync<string[]>("""
            () => [...document.querySelectorAll('button, a, textarea, input, .bubble')]
              .filter(e => e.checkVisibility() && !e.closest('.code, .table, .off-screen'))
              .filter(e => { const box = e.getBoundingClientRect(); return box.width && (box.left < -1 || box.right > innerWidth + 1); })
              .map(e => `${e.className} ${e.textContent.slice(0, 30)}`)
            """));
    }

    /// <summary>Of the background, 0 to 255.</summary>
    private static async Task<double> BrightnessAsync(ChatPage page)
    {
        var rgb = await page.Page.EvaluateAsync<double[]>("getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).map(Number)");
        return rgb.Take(3).Average();
    }
}
