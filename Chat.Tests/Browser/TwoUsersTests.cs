using Chat.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace Chat.Tests.Browser;

/// <summary>Two users in two browsers.</summary>
public sealed class TwoUsersTests(BrowserFixture browser) : PageTests(browser)
{
    [ContractFact]
    public async Task Two_users_see_each_others_messages_typing_and_presence()
    {
        var mina = await OpenAsync("mina");
        var session = await mina.CreateSessionAsync("Together", members: "juno");
        var presence = mina.Page.GetByTestId("presence");
        await Expect(presence).ToHaveTextAsync("");
        var juno = await OpenAsync("juno");
        await juno.EnterAsync(session);
        await Expect(presence).ToHaveTextAsync("juno is here");
        await Expect(juno.Page.GetByTestId("presence")).ToHaveTextAsync("mina is here");

        await juno.Composer.PressSequentiallyAsync("hel");
        await Expect(mina.Page.GetByTestId("typing")).ToHaveTextAsync("juno is typing…");
        await Expect(juno.Page.GetByTestId("typing")).ToHaveTextAsync("");
        await juno.Composer.PressSequentiallyAsync("lo");
        await juno.Composer.PressAsync("Enter");
        await Expect(mina.Saying("hello")).ToHaveAttributeAsync("data-sender", "juno");
        await Expect(mina.Page.GetByTestId("typing")).ToHaveTextAsync("");
        await mina.SayAndWaitAsync("hi");
        await Expect(juno.Saying("hi")).ToHaveAttributeAsync("data-sender", "mina");
        await Expect(mina.Saying("hi")).ToContainTextAsync("Seen by juno");

        await juno.Page.CloseAsync();
        await Expect(presence).ToHaveTextAsync("");
        await mina.Page.GetByTestId("members").ClickAsync();
        await Expect(mina.Page.Locator("[data-testid=member][data-user-id=juno]")).ToHaveAttributeAsync("data-online", "false");
    }

    [ContractFact]
    public async Task What_was_not_read_is_counted_in_the_list_until_it_is_read()
    {
        var mina = await OpenAsync("mina");
        var session = await mina.CreateSessionAsync("News", members: "juno");
        var juno = await OpenAsync("juno");
        await Expect(juno.Sessions).ToHaveCountAsync(1);
        await mina.SayAndWaitAsync("one");
        await mina.SayAndWaitAsync("two");
        await juno.ComeBackAsync();
        await Expect(juno.Page.GetByTestId("unread")).ToHaveTextAsync("2");
        await Expect(juno.Page).ToHaveTitleAsync("(2) Chat");
        await Expect(mina.Page.GetByTestId("unread")).ToBeHiddenAsync();

        await juno.Sessions.ClickAsync();

        await Expect(juno.Messages).ToHaveCountAsync(2);
        await Expect(juno.Page.GetByTestId("unread")).ToBeHiddenAsync();
        await Expect(mina.Saying("two")).ToContainTextAsync("Seen by juno");
        Assert.Equal(0, (await RestAsync("juno", "GET", "sessions")).GetProperty("sessions")[0].GetProperty("unread_count").GetInt32());
        await juno.Page.GotoAsync(Address + "#/");
        await juno.ComeBackAsync();
        await Expect(juno.Page.GetByTestId("unread")).ToBeHiddenAsync();
        Assert.Equal(session, await juno.Sessions.GetAttributeAsync("data-session-id"));
    }

    [ContractFact]
    public async Task What_was_seen_just_before_its_reader_left_is_not_unread()
    {
        var mina = await OpenAsync("mina");
        var elsewhere = await mina.CreateSessionAsync("Elsewhere");
        var session = await mina.CreateSessionAsync("Hurry", members: "juno");
        for (var i = 1; i <= 5; i++)
        {
            await Server.PostAsync(session, "juno", $"message {i}");
            await Expect(mina.Saying($"message {i}")).ToBeInViewportAsync();
        }

        await mina.EnterAsync(elsewhere);

        await Expect(mina.Sessions).ToHaveCountAsync(2);
        await Expect(mina.Page.Locator($"[data-session-id={session}]")).ToContainTextAsync("message 5");
        await Expect(mina.Page.Locator($"[data-session-id={session}]").GetByTestId("unread")).ToBeHiddenAsync();
        Assert.All((await RestAsync("mina", "GET", "sessions")).GetProperty("sessions").EnumerateArray(), row => Assert.Equal(0, row.GetProperty("unread_count").GetInt32()));
    }

    [ContractFact]
    public async Task Edits_deletions_and_reactions_of_one_reach_the_other()
    {
        var mina = await OpenAsync("mina");
        var session = await mina.CreateSessionAsync("Changes", members: "juno");
        await mina.SayAndWaitAsync("draft");
        await mina.SayAndWaitAsync("mistake");
        var juno = await OpenAsync("juno");
        await juno.EnterAsync(session);
        await Expect(juno.Messages).ToHaveCountAsync(2);

        await juno.Saying("draft").HoverAsync();
        await Expect(juno.Page.GetByTestId("edit")).ToBeHiddenAsync();
        await juno.Page.GetByLabel("React with 👍").ClickAsync();
        await Expect(mina.Saying("draft").Locator(".reaction")).ToHaveTextAsync("👍1");
        await mina.Saying("draft").Locator(".reaction").ClickAsync();
        await Expect(juno.Saying("draft").Locator(".reaction")).ToHaveTextAsync("👍2");
        await mina.Saying("draft").HoverAsync();
        await mina.Page.GetByTestId("edit").ClickAsync();
        await mina.SayAsync("final");
        await Expect(juno.Saying("final")).ToContainTextAsync("Edited");
        await mina.Saying("mistake").HoverAsync();
        await mina.Page.GetByTestId("delete").ClickAsync();
        await mina.Page.GetByTestId("dialog-submit").ClickAsync();

        await Expect(juno.Saying("This message was deleted.")).ToHaveCountAsync(1);
        await Expect(juno.Saying("mistake")).ToHaveCountAsync(0);
        await Expect(juno.Saying("final").Locator(".reaction")).ToHaveTextAsync("👍2");
    }

    [ContractFact]
    public async Task Two_tabs_of_one_user_stay_in_step()
    {
        var first = await OpenAsync("mina");
        var session = await first.CreateSessionAsync("Tabs");
        var second = await OpenAsync(first.Page.Context, $"#/s/{session}");
        await second.ExpectConnectedAsync();

        await first.SayAndWaitAsync("from the first");
        await Expect(second.Saying("from the first")).ToHaveAttributeAsync("data-status", "sent");
        await second.SayAndWaitAsync("from the second");

        await Expect(first.Saying("from the second")).ToHaveAttributeAsync("data-status", "sent");
        await Expect(first.Messages).ToHaveCountAsync(2);
        await Expect(second.Messages).ToHaveCountAsync(2);
    }

    [ContractFact]
    public async Task A_member_who_is_removed_is_told_so_and_can_write_no_more()
    {
        var mina = await OpenAsync("mina");
        var session = await mina.CreateSessionAsync("Parting", members: "juno");
        var juno = await OpenAsync("juno");
        await juno.EnterAsync(session);

        await RestAsync("mina", "DELETE", $"sessions/{session}/members/juno");

        await juno.ExpectStateAsync("refused");
        await Expect(juno.Page.GetByTestId("banner")).ToContainTextAsync("The server closed this conversation");
    }
}
