using Chat.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace Chat.Tests.Browser;

/// <summary>
/// Content is data: whatever a message, a title or a name says, the page shows it and does not do it.
/// That nothing was done is told by the page's faults, which every test of a page asserts to be none.
/// </summary>
public sealed class HostileContentTests(BrowserFixture browser) : PageTests(browser)
{
    private static readonly string[] Strings =
    [
        "<img src=x onerror=\"document.title='owned';alert(1)\">",
        "<script>document.title='owned';alert(1)</script>",
        "<svg/onload=alert(1)>",
        "<svg><script href=\"data:,alert(1)\"/></svg>",
        "<iframe srcdoc=\"<script>parent.alert(1)</script>\"></iframe>",
        "<iframe src=javascript:alert(1)></iframe>",
        "<math><mtext></p><style><img src=x onerror=alert(1)></style>",
        "<form action=https://evil.example><button>press</button></form>",
        "<a href=\"javascript:alert(1)\">html link</a>",
        "<style>body{display:none}</style><link rel=stylesheet href=https://evil.example/x.css>",
        "<meta http-equiv=refresh content=\"0;url=https://evil.example\"><base href=https://evil.example/>",
        "[a link](javascript:alert(1))",
        "[a link](JaVa\tScRiPt:alert(1))",
        "[a link](&#106;avascript&colon;alert(1))",
        "[a link](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
        "[a link](vbscript:msgbox(1))",
        "[a link](<javascript:alert(1)> \"title\\\" onclick=alert(1)\")",
        "<javascript:alert(1)>",
        "[named]: javascript:alert(1)\n\nsee [named]",
        "![a picture](https://evil.example/spy.png)",
        "![a picture](javascript:alert(1))",
        "![x\" onerror=\"alert(1)](https://evil.example/spy.png \"t\\\" onload=\\\"alert(1)\")",
        "[![nested](https://evil.example/spy.png)](javascript:alert(1))",
        "```js\" onclick=alert(1) x=\"\n<img src=x onerror=alert(1)>\n```",
        "`<img src=x onerror=alert(1)>`",
        "| a | b |\n|---|---|\n| <img src=x onerror=alert(1)> | [x](javascript:alert(1)) |",
        "- [ ] <input autofocus onfocus=alert(1)>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "{{constructor.constructor('alert(1)')()}} ${alert(1)}",
    ];

    [ContractFact]
    public async Task Content_that_would_act_is_shown_and_does_nothing()
    {
        var mina = await OpenAsync("mina");
        var session = await mina.CreateSessionAsync("Hostile", members: "juno");
        foreach (var content in Strings)
        {
            await Server.PostAsync(session, "juno", content);
        }
        await Expect(mina.Messages).ToHaveCountAsync(Strings.Length);
        await ExpectHarmlessAsync(mina);
        await mina.ReloadAsync();
        await Expect(mina.Messages).ToHaveCountAsync(Strings.Length);
        await ExpectHarmlessAsync(mina);

        Assert.Equal(Strings, (await HistoryAsync("mina", session)).Select(m => m.GetProperty("content").GetString()));
        await Expect(mina.Messages.First.Locator(".body")).ToHaveTextAsync(Strings[0]);
        await Expect(mina.Messages.Locator(".body").GetByRole(Microsoft.Playwright.AriaRole.Link, new() { Name = "a picture" }).First)
            .ToHaveAttributeAsync("href", "https://evil.example/spy.png");
    }

    [ContractFact]
    public async Task An_answer_that_would_act_does_nothing_at_any_point_of_its_streaming()
    {
        var mina = await OpenAsync("mina");
        var session = await mina.CreateSessionAsync("Hostile agent", Outside, "bot");
        await using var agent = await NativeClient.ConnectAsync(Server, session, "bot", roles: Host.Auth.Roles.Agent);
        await agent.SendAsync(new { type = "stream_start", message_id = "a" });
        var text = string.Join("\n\n", Strings);
        foreach (var piece in text.Chunk(5))
        {
            await agent.SendAsync(new { type = "stream_chunk", message_id = "a", content = new string(piece) });
        }
        await agent.SendAsync(new { type = "stream_end", message_id = "a" });

        await ExpectEndedAsync(mina.Answers);
        await ExpectHarmlessAsync(mina);
        Assert.Equal(text, await AnswerAsync("mina", session));
    }

    [ContractFact]
    public async Task Titles_names_and_reactions_that_would_act_do_nothing()
    {
        const string Evil = "<img src=x onerror=alert(1)>";
        var mina = await OpenAsync("mina");
        var session = await mina.CreateSessionAsync(Evil);
        await RestAsync("mina", "POST", $"sessions/{session}/members", new { user_id = "juno", name = Evil });
        await mina.SayAndWaitAsync("look");
        var message = (await HistoryAsync("mina", session))[0].GetProperty("message_id").GetString();
        await RestAsync("juno", "POST", $"sessions/{session}/messages/{message}/reactions", new { emoji = "<img src=x onerror=alert(1)>" });
        await Expect(mina.Messages.Locator(".reaction")).ToContainTextAsync(Evil);
        await using var juno = await NativeClient.ConnectAsync(Server, session, "juno");
        await juno.SendAsync(new { type = "typing", is_typing = true });
        await Expect(mina.Page.GetByTestId("typing")).ToContainTextAsync("is typing…");
        await juno.PostAsync(Evil);
        await Expect(mina.Messages).ToHaveCountAsync(2);
        await mina.Messages.Last.HoverAsync();
        await mina.Page.GetByTestId("reply").ClickAsync();
        await mina.SayAndWaitAsync("well");
        await Expect(mina.Messages.Last.Locator(".quote")).ToContainTextAsync(Evil);
        await mina.Page.GetByTestId("members").ClickAsync();

        await ExpectHarmlessAsync(mina);
        await Expect(mina.Sessions).ToContainTextAsync(Evil);
    }

    /// <summary>No element that could act, no address but of the web, no handler; and no link that is pressed leads anywhere but to a tab.</summary>
    private static async Task ExpectHarmlessAsync(ChatPage page)
    {
        var found = await page.Page.EvaluateAsync<string[]>("""
            () => [...document.querySelectorAll('#app *')].flatMap(element => [
              ...(/^(script|style|link|meta|base|iframe|object|embed|form|math|video|audio|img)$/i.test(element.localName) && element.closest('.message, .session, .members, .conversation-head, .typing, .target')
                ? [element.outerHTML] : []),
              ...[...element.attributes].filter(a => /^on/i.test(a.name) || /^\s*(javascript|vbscript|data):/i.test(a.value)).map(a => `${a.name}=${a.value}`),
              ...(element.closest('.body') && element.localName === 'a' && (element.target !== '_blank' || !/noopener/.test(element.rel)) ? [element.outerHTML] : []),
              // ':' is that of an address which leads nowhere.
              ...(element.protocol && ![':', 'http:', 'https:', 'mailto:'].includes(element.protocol) && element.hasAttribute('href') ? [element.outerHTML] : []),
            ])
            """);
        Assert.Empty(found);
        Assert.NotEqual("owned", await page.Page.TitleAsync());
        await Expect(page.Composer).ToBeVisibleAsync();
        // What would act at the pointer or the focus.
        await page.Page.EvaluateAsync("""
            () => document.querySelectorAll('.body a:not([href]), .body input, .body code, .body td').forEach(element => {
              for (const type of ['mouseover', 'mouseenter', 'focus', 'click']) element.dispatchEvent(new Event(type, { bubbles: true }));
            })
            """);
    }
}
