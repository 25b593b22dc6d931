using Chat.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace Chat.Tests.Browser;

/// <summary>What one user does in one conversation.</summary>
public sealed class ConversationTests(BrowserFixture browser) : PageTests(browser)
{
    [ContractFact]
    public async Task A_user_signs_in_starts_a_conversation_and_is_answered_in_markdown()
    {
        var mina = await OpenAsync("mina");
        await mina.CreateSessionAsync("First steps", Echo);

        await mina.SayAsync("안녕하세요");

        await Expect(mina.Saying("안녕하세요")).ToHaveAttributeAsync("data-status", "sent");
        await ExpectEndedAsync(mina.Answers);
        await Expect(mina.Answers.Locator(".body strong").First).ToHaveTextAsync("Hello, mina!");
        await Expect(mina.Answers.Locator(".body blockquote")).ToHaveTextAsync("안녕하세요");
        await Expect(mina.Sessions.Locator(".session-title")).ToHaveTextAsync("First steps");
        await Expect(mina.Sessions.Locator(".session-last")).ToContainTextAsync("Hello, mina! I am the echo");
    }

    [ContractFact]
    public async Task An_answer_can_be_read_while_it_is_written()
    {
        var mina = await OpenAsync("mina");
        var session = await mina.CreateSessionAsync("Slowly", Outside, "bot");
        await using var agent = await NativeClient.ConnectAsync(Server, session, "bot", roles: Host.Auth.Roles.Agent);
        await mina.SayAndWaitAsync("Tell me");

        await agent.SendAsync(new { type = "stream_start", message_id = "a" });
        await Expect(mina.Answers).ToHaveAttributeAsync("data-status", "streaming");
        await Expect(mina.Page.GetByTestId("stop")).ToBeVisibleAsync();
        await agent.SendAsync(new { type = "stream_chunk", message_id = "a", content = "## Plan\n\n1. **fir" });
        await Expect(mina.Answers.Locator(".body h2")).ToHaveTextAsync("Plan");
        await Expect(mina.Answers.Locator(".body li")).ToHaveTextAsync("**fir");
        await agent.SendAsync(new { type = "stream_chunk", message_id = "a", content = "st** thing\n2. `code`" });
        await Expect(mina.Answers.Locator(".body li strong")).ToHaveTextAsync("first");
        await Expect(mina.Answers.Locator(".body li code")).ToHaveTextAsync("code");
        await agent.SendAsync(new { type = "stream_end", message_id = "a", tokens_used = 7, latency_ms = 1500 });

        await ExpectEndedAsync(mina.Answers);
        await Expect(mina.Answers).ToContainTextAsync("7 tokens · 1.5 s");
        await Expect(mina.Page.GetByTestId("stop")).ToBeHiddenAsync();
        var asStreamed = await mina.Answers.Locator(".body").InnerHTMLAsync();
        await mina.ReloadAsync();
        await ExpectEndedAsync(mina.Answers);
        Assert.Equal(asStreamed, await mina.Answers.Locator(".body").InnerHTMLAsync());
    }

    [ContractFact]
    public async Task A_room_is_a_conversation_like_any_other()
    {
        const string Room = "50% & 모두의 방#1?";
        var mina = await OpenAsync("mina");
        await using var room = await FaceClient.OpenAsync(Server, $"/ws/chat/{Uri.EscapeDataString(Room)}?token={Server.Token("mina")}");
        await room.SendAsync(new { username = "미나", content = "from the room" });
        await room.ExpectAsync("messages");

        await mina.EnterAsync("room:" + Room);
        await Expect(mina.Saying("from the room")).ToBeVisibleAsync();
        await mina.SayAndWaitAsync("from the page");
        await Expect(mina.Sessions.Locator(".session-title")).ToHaveTextAsync("room:" + Room);
        await mina.ReloadAsync();

        await Expect(mina.Saying("from the page")).ToBeVisibleAsync();
        await room.ExpectAsync("messages", f => f.GetProperty("messages").GetArrayLength() == 2);
    }

    [ContractFact]
    public async Task Stop_ends_the_answer_where_it_is()
    {
        var mina = await OpenAsync("mina");
        var session = await mina.CreateSessionAsync("Too long", Echo);
        await mina.SayAsync(string.Join(' ', Enumerable.Range(0, 2000)));
        await mina.ExpectLongerAsync(mina.Answers, 100);

        await mina.Page.GetByTestId("stop").ClickAsync();

        await ExpectEndedAsync(mina.Answers, "stopped");
        await Expect(mina.Answers).ToContainTextAsync("Stopped");
        var stored = (await HistoryAsync("mina", session))[^1];
        Assert.Equal("stopped", stored.GetProperty("status").GetString());
        Assert.True(stored.GetProperty("content").GetString()!.Length < 5000);
        var shown = await mina.Answers.Locator(".body").InnerHTMLAsync();
        await mina.ReloadAsync();
        await ExpectEndedAsync(mina.Answers, "stopped");
        Assert.Equal(shown, await mina.Answers.Locator(".body").InnerHTMLAsync());
    }

    [ContractFact]
    public async Task An_own_message_is_edited_reacted_to_and_deleted()
    {
        var mina = await OpenAsync("mina");
        var session = await mina.CreateSessionAsync("Second thoughts");
        await mina.SayAndWaitAsync("first draft");
        await mina.SayAndWaitAsync("to be forgotten");

        await mina.Saying("first draft").HoverAsync();
        await mina.Page.GetByTestId("edit").ClickAsync();
        await Expect(mina.Composer).ToHaveValueAsync("first draft");
        await mina.SayAsync("final text");
        await Expect(mina.Saying("final text")).ToContainTextAsync("Edited");
        await Expect(mina.Composer).ToHaveValueAsync("");

        await mina.Saying("final text").HoverAsync();
        await mina.Page.GetByLabel("React with 🎉").ClickAsync();
        var reaction = mina.Saying("final text").Locator(".reaction");
        await Expect(reaction).ToHaveTextAsync("🎉1");
        await Expect(reaction).ToHaveAttributeAsync("aria-pressed", "true");

        await mina.Saying("to be forgotten").HoverAsync();
        await mina.Page.GetByTestId("delete").ClickAsync();
        await mina.Page.GetByTestId("dialog-submit").ClickAsync();
        await Expect(mina.Saying("This message was deleted.")).ToHaveCountAsync(1);

        var history = await HistoryAsync("mina", session);
        Assert.Equal(["final text", null], history.Select(m => m.GetProperty("content").GetString()));
        await mina.ReloadAsync();
        await Expect(mina.Messages).ToHaveCountAsync(2);
        await Expect(reaction).ToHaveTextAsync("🎉1");
        await reaction.ClickAsync();
        await Expect(reaction).ToHaveCountAsync(0);
        await Expect(mina.Saying("This message was deleted.")).ToHaveCountAsync(1);
    }

    [ContractFact]
    public async Task A_reply_shows_what_it_answers_and_leads_there()
    {
        var mina = await OpenAsync("mina");
        var session = await mina.CreateSessionAsync("Questions");
        await mina.SayAndWaitAsync("Where do we meet?");
        await mina.Saying("Where do we meet?").HoverAsync();
        await mina.Page.GetByTestId("reply").ClickAsync();

        await mina.SayAndWaitAsync("At noon");

        await Expect(mina.Saying("At noon").Locator(".quote")).ToContainTextAsync("Where do we meet?");
        var history = await HistoryAsync("mina", session);
        Assert.Equal(history[0].GetProperty("message_id").GetString(), history[1].GetProperty("reply_to").GetString());
        await mina.Saying("At noon").Locator(".quote").ClickAsync();
        await Expect(mina.Saying("Where do we meet?")).ToBeFocusedAsync();
    }

    [ContractFact]
    public async Task An_archived_conversation_can_be_read_and_restored()
    {
        var mina = await OpenAsync("mina");
        await mina.CreateSessionAsync("Done");
        await mina.SayAndWaitAsync("the end");
        await mina.Page.GetByTestId("archive").ClickAsync();
        await mina.Page.GetByTestId("dialog-submit").ClickAsync();

        await Expect(mina.Composer).ToBeHiddenAsync();
        await Expect(mina.Sessions).ToHaveCountAsync(0);
        await mina.Page.GetByTestId("show-archived").ClickAsync();
        await Expect(mina.Sessions).ToHaveCountAsync(1);
        await Expect(mina.Saying("the end")).ToHaveCountAsync(1);
        await mina.Page.GetByTestId("restore").ClickAsync();

        await mina.SayAndWaitAsync("or not");
        await mina.Page.GetByTestId("show-archived").ClickAsync();
        await Expect(mina.Sessions).ToHaveCountAsync(1);
    }

    [ContractFact]
    public async Task Older_messages_come_when_the_reader_scrolls_to_them()
    {
        var mina = await OpenAsync("mina");
        var session = await Server.CreateSessionAsync("mina");
        await Server.PostManyAsync(session, "mina", 120, "message ");
        await mina.EnterAsync(session);
        await Expect(mina.Messages).ToHaveCountAsync(50);
        await Expect(mina.Saying("message 120")).ToBeInViewportAsync();

        await mina.Page.GetByTestId("messages").EvaluateAsync("e => e.scrollTop = 0");
        await Expect(mina.Messages).ToHaveCountAsync(100);
        await mina.Page.GetByTestId("messages").EvaluateAsync("e => e.scrollTop = 0");

        await Expect(mina.Messages).ToHaveCountAsync(120);
        Assert.Equal(Enumerable.Range(1, 120).Select(i => $"message {i}"), await mina.Messages.Locator(".body p").AllTextContentsAsync());
    }
}
