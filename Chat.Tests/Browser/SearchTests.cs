using System.Globalization;
using Chat.Protocol;
using Chat.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace Chat.Tests.Browser;

/// <summary>Search on the page.</summary>
public sealed class SearchTests(BrowserFixture browser) : PageTests(browser)
{
    [ContractFact]
    public async Task A_message_is_found_in_another_conversation_and_shown_where_it_stands()
    {
        var mina = await OpenAsync("mina");
        var session = await mina.CreateSessionAsync("Travel");
        await mina.SayAndWaitAsync("부산에서 만나요 <b>there</b>");
        await Server.PostManyAsync(session, "mina", 300);
        await mina.CreateSessionAsync("Another");

        await FindAsync(mina, "산에서");

        var hit = mina.Page.GetByTestId("search-hit");
        await Expect(hit).ToHaveCountAsync(1);
        await Expect(hit).ToContainTextAsync("Travel");
        await Expect(hit.Locator("mark")).ToHaveTextAsync("산에서");
        await Expect(hit).ToContainTextAsync("부산에서 만나요 <b>there</b>");
        await hit.ClickAsync();
        await Expect(mina.Title).ToHaveTextAsync("Travel");
        await Expect(mina.Page.Locator(".message.found")).ToContainTextAsync("부산에서");
        await Expect(mina.Page.Locator(".message.found")).ToBeInViewportAsync();
        // Once more, where the page already is.
        await Expect(mina.Page.Locator(".message.found")).ToHaveCountAsync(0);
        await hit.ClickAsync();
        await Expect(mina.Page.Locator(".message.found")).ToContainTextAsync("부산에서");
    }

    [ContractFact]
    public async Task More_than_a_page_is_found_page_by_page_and_nothing_is_said_to_be_nothing()
    {
        var mina = await OpenAsync("mina");
        var session = await mina.CreateSessionAsync("Numbers");
        for (var n = 1; n <= 25; n++)
        {
            await Server.PostAsync(session, "mina", $"the needle {n.ToString(CultureInfo.InvariantCulture)}");
        }

        await FindAsync(mina, "NEEDLE");
        var hits = mina.Page.GetByTestId("search-hit");
        await Expect(hits).ToHaveCountAsync(20);
        await Expect(hits.First).ToContainTextAsync("the needle 25");
        await mina.Page.GetByTestId("search-more").ClickAsync();
        await Expect(hits).ToHaveCountAsync(25);
        await Expect(hits.Last).ToContainTextAsync("the needle 1");
        await Expect(mina.Page.GetByTestId("search-more")).ToBeHiddenAsync();

        await FindAsync(mina, "haystack");
        await Expect(mina.Page.GetByTestId("search-note")).ToHaveTextAsync("No message matches.");
        await Expect(hits).ToHaveCountAsync(0);
        await FindAsync(mina, "x");
        await Expect(mina.Page.GetByTestId("search-results")).ToBeHiddenAsync();
    }

    private static Task FindAsync(ChatPage page, string words) => page.Page.GetByTestId("session-filter").FillAsync(words);
}
