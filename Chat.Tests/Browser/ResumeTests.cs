using System.Text.Json;
using Chat.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Chat.Tests.Browser;

/// <summary>Tabs that are closed, connections that break, servers that go away: nothing is lost and nothing is doubled.</summary>
public sealed class ResumeTests(BrowserFixture browser) : PageTests(browser)
{
    [ContractFact]
    public async Task A_tab_that_is_closed_in_mid_answer_and_opened_again_shows_the_whole_answer()
    {
        var mina = await OpenAsync("mina");
        var session = await mina.CreateSessionAsync("Slowly", Outside, "bot");
        await using var agent = await NativeClient.ConnectAsync(Server, session, "bot", roles: Host.Auth.Roles.Agent);
        await mina.SayAndWaitAsync("Tell me");
        await agent.SendAsync(new { type = "stream_start", message_id = "a" });
        await SendWordsAsync(agent, 0, 20);
        await Expect(mina.Answers.Locator(".body")).ToHaveTextAsync(Words(20));

        await mina.Page.CloseAsync();
        await SendWordsAsync(agent, 20, 40);
        await agent.SettleAsync();
        var again = await OpenAsync(mina.Page.Context, $"#/s/{session}");
        await Expect(again.Answers.Locator(".body")).ToHaveTextAsync(Words(40));
        await ExpectEndedAsync(again.Answers, "streaming");
        await SendWordsAsync(agent, 40, 60);
        await agent.SendAsync(new { type = "stream_end", message_id = "a" });

        await ExpectEndedAsync(again.Answers);
        Assert.Equal(Words(60) + " ", await AnswerAsync("mina", session));
        Assert.Equal(Words(60), (await ChatPage.TextOfAsync(again.Answers)).Trim());
        await Expect(again.Messages).ToHaveCountAsync(2);
    }

    [ContractFact]
    public async Task Reloading_again_and_again_while_an_answer_streams_neither_loses_nor_doubles_a_piece()
    {
        var mina = await OpenAsync("mina");
        var session = await mina.CreateSessionAsync("Restless", Echo);
        await RestAsync("mina", "POST", $"sessions/{session}/messages", new { content = "go", metadata = new { echo = new { tokens = 500, rate = 200 } } });
        for (var reload = 0; reload < 5; reload++)
        {
            await mina.ExpectLongerAsync(mina.Answers, 1 + (reload * 250));
            await mina.ReloadAsync();
        }
        await ExpectEndedAsync(mina.Answers);

        var stored = await AnswerAsync("mina", session);
        Assert.Equal(string.Join(' ', Enumerable.Range(0, 500).Select(i => $"t{i}")), stored);
        Assert.Equal(stored, (await ChatPage.TextOfAsync(mina.Answers)).Trim());
    }

    [ContractFact]
    public async Task A_server_that_comes_back_finds_the_page_again_and_gets_what_was_written_meanwhile_once()
    {
        var mina = await OpenAsync("mina");
        var session = await mina.CreateSessionAsync("Stormy");
        await mina.SayAndWaitAsync("before");

        await StopAsync();
        await mina.ExpectStateAsync("waiting");
        await Expect(mina.Page.GetByTestId("banner")).ToContainTextAsync("The connection is lost.");
        await mina.SayAsync("meanwhile one");
        await mina.SayAsync("meanwhile two");
        await Expect(mina.Saying("meanwhile one")).ToHaveAttributeAsync("data-status", "sending");
        await Expect(mina.Saying("meanwhile two")).ToHaveAttributeAsync("data-status", "sending");
        await StartAgainAsync();

        await mina.ExpectConnectedAsync();
        await Expect(mina.Saying("meanwhile one")).ToHaveAttributeAsync("data-status", "sent");
        await Expect(mina.Saying("meanwhile two")).ToHaveAttributeAsync("data-status", "sent");
        await Expect(mina.Page.GetByTestId("banner")).ToBeHiddenAsync();
        await mina.SayAndWaitAsync("after");
        string[] all = ["before", "meanwhile one", "meanwhile two", "after"];
        Assert.Equal(all, await SaidAsync("mina", session));
        Assert.Equal(all, await mina.Messages.Locator(".body p").AllTextContentsAsync());
        await mina.ReloadAsync();
        await Expect(mina.Messages).ToHaveCountAsync(4);
        Assert.Equal(all, await mina.Messages.Locator(".body p").AllTextContentsAsync());
    }

    [ContractFact]
    public async Task An_answer_goes_on_in_the_open_page_when_the_server_is_started_again_in_the_middle_of_it()
    {
        var mina = await OpenAsync("mina");
        var session = await mina.CreateSessionAsync("Restart", Echo);
        await RestAsync("mina", "POST", $"sessions/{session}/messages", new { content = "go", metadata = new { echo = new { tokens = 600, rate = 200 } } });
        await mina.ExpectLongerAsync(mina.Answers, 200);

        await StopAsync();
        await StartAgainAsync();

        await ExpectEndedAsync(mina.Answers);
        Assert.Equal(string.Join(' ', Enumerable.Range(0, 600).Select(i => $"t{i}")), (await ChatPage.TextOfAsync(mina.Answers)).Trim());
        Assert.Equal(await AnswerAsync("mina", session), (await ChatPage.TextOfAsync(mina.Answers)).Trim());
        await Expect(mina.Messages).ToHaveCountAsync(2);
    }

    [ContractFact]
    public async Task What_waits_to_be_sent_survives_the_tab()
    {
        var mina = await OpenAsync("mina");
        var session = await mina.CreateSessionAsync("Stubborn");
        var other = await mina.CreateSessionAsync("Other");
        await mina.EnterAsync(session);
        await StopAsync();
        await mina.ExpectStateAsync("waiting");
        await mina.SayAsync("not lost");
        await Expect(mina.Saying("not lost")).ToHaveAttributeAsync("data-status", "sending");
        await mina.Page.CloseAsync();
        await StartAgainAsync();

        // Another conversation is opened: what waits in the first one goes out all the same.
        var again = await OpenAsync(mina.Page.Context, $"#/s/{other}");
        await again.ExpectConnectedAsync();
        await again.WaitAsync("() => !Object.keys(localStorage).some(key => key.startsWith('chat.outbox:'))");

        Assert.Equal(["not lost"], await SaidAsync("mina", session));
        await again.EnterAsync(session);
        await Expect(again.Messages).ToHaveCountAsync(1);
    }

    [ContractFact]
    public async Task A_message_whose_acknowledgement_is_lost_is_sent_again_and_stored_once()
    {
        var mina = await OpenAsync("mina");
        var losses = 0;
        await mina.Page.RouteWebSocketAsync("**/ws/**", socket =>
        {
            var server = socket.ConnectToServer();
            server.OnMessage(frame =>
            {
                // The message has been stored; the page hears nothing of it before the connection is gone.
                if (frame.Text!.Contains("told once", StringComparison.Ordinal) && Interlocked.Increment(ref losses) <= 2)
                {
                    _ = socket.CloseAsync(new() { Code = 1011, Reason = "lost" });
                    _ = server.CloseAsync(new() { Code = 1000 });
                    return;
                }
                socket.Send(frame.Text);
            });
        });
        var session = await mina.CreateSessionAsync("Lossy");

        await mina.SayAndWaitAsync("told once");

        await mina.SayAndWaitAsync("the next");
        Assert.True(losses > 0);
        Assert.Equal(["told once", "the next"], await SaidAsync("mina", session));
        Assert.Equal(["told once", "the next"], await mina.Messages.Locator(".body p").AllTextContentsAsync());
    }

    [ContractFact]
    public async Task Frames_that_are_lost_on_the_way_are_asked_for_again()
    {
        var mina = await OpenAsync("mina");
        var lost = 0;
        await mina.Page.RouteWebSocketAsync("**/ws/**", socket =>
        {
            var server = socket.ConnectToServer();
            server.OnMessage(frame =>
            {
                using var json = JsonDocument.Parse(frame.Text!);
                var seq = json.RootElement.TryGetProperty("seq", out var value) ? value.GetInt64() : 0;
                if (json.RootElement.GetProperty("type").GetString() == "stream_chunk" && seq % 7 == 0 && Interlocked.Increment(ref lost) <= 3)
                {
                    return;
                }
                socket.Send(frame.Text!);
            });
        });
        var session = await mina.CreateSessionAsync("Leaky", Echo);

        await RestAsync("mina", "POST", $"sessions/{session}/messages", new { content = "go", metadata = new { echo = new { tokens = 200, rate = 200 } } });

        await ExpectEndedAsync(mina.Answers);
        Assert.True(lost >= 3);
        var expected = string.Join(' ', Enumerable.Range(0, 200).Select(i => $"t{i}"));
        await Expect(mina.Answers.Locator(".body")).ToHaveTextAsync(expected);
        Assert.Equal(expected, await AnswerAsync("mina", session));
    }

    [ContractFact]
    public async Task A_page_without_a_network_says_so_and_comes_back_with_it()
    {
        var mina = await OpenAsync("mina");
        var session = await mina.CreateSessionAsync("Tunnel");

        await mina.Page.Context.SetOfflineAsync(true);
        await StopAsync();
        await mina.ExpectStateAsync("offline");
        await Expect(mina.Page.GetByTestId("banner")).ToContainTextAsync("You are offline.");
        await mina.SayAsync("from the tunnel");
        await Expect(mina.Saying("from the tunnel")).ToHaveAttributeAsync("data-status", "sending");
        await StartAgainAsync();
        await mina.Page.Context.SetOfflineAsync(false);

        await Expect(mina.Saying("from the tunnel")).ToHaveAttributeAsync("data-status", "sent");
        Assert.Equal(["from the tunnel"], await SaidAsync("mina", session));
    }

    private static string Words(int count) => string.Join(' ', Enumerable.Range(0, count).Select(i => $"w{i}"));

    private static async Task SendWordsAsync(NativeClient agent, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            await agent.SendAsync(new { type = "stream_chunk", message_id = "a", content = $"w{i} " });
        }
    }
}
