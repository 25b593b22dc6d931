using Chat.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace Chat.Tests.Browser;

/// <summary>All that a user needs, with the keys alone.</summary>
public sealed class KeyboardTests(BrowserFixture browser) : PageTests(browser)
{
    [ContractFact]
    public async Task A_user_signs_in_and_starts_a_conversation_with_the_keys()
    {
        var page = await OpenAsync(await NewContextAsync());
        var keys = page.Page.Keyboard;
        await Expect(page.Page.GetByTestId("signin-user")).ToBeFocusedAsync();
        await keys.TypeAsync("mina");
        await keys.PressAsync("Enter");
        await Expect(page.Page.GetByTestId("session-list")).ToBeAttachedAsync();

        await keys.PressAsync("Tab");
        await Expect(page.Page.GetByTestId("new-session")).ToBeFocusedAsync();
        await keys.PressAsync("Enter");
        await Expect(page.Page.GetByTestId("new-session-title")).ToBeFocusedAsync();
        await keys.PressAsync("Escape");
        await Expect(page.Page.GetByRole(Microsoft.Playwright.AriaRole.Dialog)).ToHaveCountAsync(0);
        await Expect(page.Page.GetByTestId("new-session")).ToBeFocusedAsync();
        await keys.PressAsync("Enter");
        await Expect(page.Page.GetByTestId("new-session-title")).ToBeFocusedAsync();
        await keys.TypeAsync("By hand");
        await keys.PressAsync("Enter");

        await Expect(page.Title).ToHaveTextAsync("By hand");
        await page.ExpectConnectedAsync();
        await Expect(page.Composer).ToBeFocusedAsync();
    }

    [ContractFact]
    public async Task Enter_sends_and_shift_enter_begins_a_line()
    {
        var mina = await OpenAsync("mina");
        var session = await mina.CreateSessionAsync("Lines");
        var keys = mina.Page.Keyboard;
        await Expect(mina.Composer).ToBeFocusedAsync();

        await keys.TypeAsync("one");
        await keys.PressAsync("Shift+Enter");
        await keys.TypeAsync("two");
        await keys.PressAsync("Enter");
        await keys.PressAsync("Enter");

        await Expect(mina.Messages).ToHaveCountAsync(1);
        await ExpectEndedAsync(mina.Messages, "sent");
        Assert.Equal(["one\ntwo"], await SaidAsync("mina", session));
        await Expect(mina.Composer).ToHaveValueAsync("");
    }

    [ContractFact]
    public async Task Enter_that_ends_a_composition_does_not_send()
    {
        var mina = await OpenAsync("mina");
        await mina.CreateSessionAsync("한글");
        var cdp = await mina.Page.Context.NewCDPSessionAsync(mina.Page);
        await cdp.SendAsync("Input.imeSetComposition", new() { ["text"] = "안녕", ["selectionStart"] = 2, ["selectionEnd"] = 2 });
        await mina.Composer.EvaluateAsync("e => e.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: 229, isComposing: true, bubbles: true }))");
        await Expect(mina.Composer).ToHaveValueAsync("안녕");
        await cdp.SendAsync("Input.insertText", new() { ["text"] = "안녕" });

        await mina.Page.Keyboard.PressAsync("Enter");

        await Expect(mina.Saying("안녕")).ToHaveAttributeAsync("data-status", "sent");
        await Expect(mina.Messages).ToHaveCountAsync(1);
    }

    [ContractFact]
    public async Task Escape_stops_the_answer_and_leaves_an_edit()
    {
        var mina = await OpenAsync("mina");
        await mina.CreateSessionAsync("Enough", Echo);
        var keys = mina.Page.Keyboard;
        await mina.SayAsync(string.Join(' ', Enumerable.Range(0, 2000)));
        await mina.ExpectLongerAsync(mina.Answers, 50);

        await mina.Composer.FocusAsync();
        await keys.PressAsync("Escape");

        await ExpectEndedAsync(mina.Answers, "stopped");
        await mina.Messages.First.FocusAsync();
        await mina.Page.GetByTestId("edit").PressAsync("Enter");
        await Expect(mina.Composer).ToBeFocusedAsync();
        await Expect(mina.Composer).Not.ToHaveValueAsync("");
        await keys.PressAsync("Escape");
        await Expect(mina.Composer).ToHaveValueAsync("");
    }

    [ContractFact]
    public async Task Control_k_finds_a_conversation_and_the_arrows_walk_through_lists()
    {
        var mina = await OpenAsync("mina");
        foreach (var title in new[] { "Apples", "Bread", "Cheese" })
        {
            await mina.CreateSessionAsync(title);
            await mina.SayAndWaitAsync("about " + title);
        }
        await Expect(mina.Sessions).ToHaveCountAsync(3);
        var keys = mina.Page.Keyboard;
        var filter = mina.Page.GetByTestId("session-filter");

        await keys.PressAsync("Control+k");
        await Expect(filter).ToBeFocusedAsync();
        await keys.TypeAsync("bre");
        await Expect(mina.Sessions).ToHaveCountAsync(1);
        await keys.PressAsync("Enter");
        await Expect(mina.Title).ToHaveTextAsync("Bread");
        await mina.ExpectConnectedAsync();

        await keys.PressAsync("Control+k");
        await keys.PressAsync("Escape");
        await Expect(mina.Sessions).ToHaveCountAsync(3);
        await keys.PressAsync("ArrowDown");
        await Expect(mina.Sessions.Nth(0)).ToBeFocusedAsync();
        await keys.PressAsync("ArrowDown");
        await keys.PressAsync("End");
        await Expect(mina.Sessions.Nth(2)).ToBeFocusedAsync();
        await keys.PressAsync("ArrowUp");
        await keys.PressAsync("Home");
        await keys.PressAsync("ArrowUp");
        await Expect(filter).ToBeFocusedAsync();
        await keys.PressAsync("ArrowDown");
        await keys.PressAsync("End");
        await keys.PressAsync("Enter");
        await Expect(mina.Title).ToHaveTextAsync("Apples");

        // A pointer that rests somewhere does not take the actions away from where the keys are.
        await mina.SayAndWaitAsync("more");
        await mina.Saying("more").HoverAsync();
        await mina.Page.GetByTestId("messages").FocusAsync();
        await keys.PressAsync("ArrowUp");
        await Expect(mina.Messages.Nth(1)).ToBeFocusedAsync();
        await keys.PressAsync("ArrowUp");
        await Expect(mina.Messages.Nth(0)).ToBeFocusedAsync();
        await mina.Saying("more").HoverAsync(new() { Position = new() { X = 3, Y = 3 } });
        await keys.PressAsync("Tab");
        await Expect(mina.Page.GetByLabel("React with 👍")).ToBeFocusedAsync();
        await keys.PressAsync("Enter");
        await Expect(mina.Messages.Nth(0).Locator(".reaction")).ToHaveTextAsync("👍1");
    }
}
