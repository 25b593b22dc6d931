using System.Text;
using Chat.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Chat.Tests.Browser;

/// <summary>Files on the page: how they get into a conversation, and what becomes of them there.</summary>
public sealed class FileTests(BrowserFixture browser) : PageTests(browser)
{
    private static readonly FilePayload Letter = Text("편지.txt", "안녕하세요");

    [ContractFact]
    public async Task A_file_that_is_chosen_waits_for_Send_and_is_shown_to_both_with_what_was_said()
    {
        var mina = await OpenAsync("mina");
        var session = await mina.CreateSessionAsync("Files", members: "juno");
        var juno = await OpenAsync("juno");
        await juno.EnterAsync(session);

        await mina.Page.GetByTestId("file-picker").SetInputFilesAsync(Letter);
        var waiting = mina.Page.GetByTestId("upload");
        await Expect(waiting).ToContainTextAsync("편지.txt");
        await Expect(mina.Messages).ToHaveCountAsync(0);
        await mina.SayAsync("읽어 보세요");

        foreach (var page in new[] { mina, juno })
        {
            await Expect(page.Saying("읽어 보세요")).ToHaveCountAsync(1);
            await Expect(page.Page.GetByTestId("file")).ToContainTextAsync("편지.txt15 B");
        }
        await Expect(waiting).ToHaveCountAsync(0);
        await Expect(mina.Composer).ToHaveValueAsync("");
        var download = await juno.Page.RunAndWaitForDownloadAsync(() => juno.Page.GetByTestId("file").ClickAsync());
        Assert.Equal("편지.txt", download.SuggestedFilename);
        Assert.Equal("안녕하세요", await File.ReadAllTextAsync(await download.PathAsync()));
    }

    [ContractFact]
    public async Task Nothing_need_be_said_with_a_file_and_its_name_is_shown_once()
    {
        var mina = await OpenAsync("mina");
        await mina.CreateSessionAsync("Files");

        await mina.Page.GetByTestId("file-picker").SetInputFilesAsync([Letter, Text("둘.txt", "2")]);
        await mina.Page.GetByTestId("send").ClickAsync();

        await Expect(mina.Messages).ToHaveCountAsync(2);
        await Expect(mina.Page.GetByTestId("file")).ToHaveTextAsync(["편지.txt15 B", "둘.txt1 B"]);
        await Expect(mina.Messages.First.Locator(".body")).ToBeHiddenAsync();
        await Expect(mina.Sessions.First).ToContainTextAsync("둘.txt");
        await mina.ReloadAsync();
        await Expect(mina.Page.GetByTestId("file")).ToHaveTextAsync(["편지.txt15 B", "둘.txt1 B"]);
    }

    [ContractFact]
    public Task A_file_is_pasted() => AttachAsync("paste");

    [ContractFact]
    public Task A_file_is_dropped() => AttachAsync("drop");

    [ContractFact]
    public async Task What_the_server_refuses_says_why_and_holds_up_nothing_else()
    {
        var mina = await OpenAsync("mina");
        await mina.CreateSessionAsync("Files");

        await mina.Page.GetByTestId("file-picker").SetInputFilesAsync([Text("holiday.png", "<script>alert(1)</script>"), Letter]);
        await mina.Page.GetByTestId("send").ClickAsync();

        await Expect(mina.Page.GetByTestId("file")).ToContainTextAsync("편지.txt");
        var refused = mina.Page.GetByTestId("upload");
        await Expect(refused).ToHaveCountAsync(1);
        await Expect(refused).ToHaveAttributeAsync("data-state", "failed");
        await Expect(refused.GetByRole(AriaRole.Alert)).Not.ToHaveTextAsync("");
        await mina.Page.GetByTestId("upload-remove").ClickAsync();
        await Expect(refused).ToHaveCountAsync(0);
        await mina.SayAndWaitAsync("still here");
    }

    [ContractFact]
    public async Task An_upload_shows_how_far_it_is_goes_on_elsewhere_and_is_tried_again_by_its_own_key()
    {
        var mina = await OpenAsync("mina");
        var session = await mina.CreateSessionAsync("Files");
        var gate = new TaskCompletionSource();
        var keys = new List<string>();
        await mina.Page.RouteAsync("**/files", async route =>
        {
            keys.Add(await route.Request.HeaderValueAsync("idempotency-key") ?? "");
            if (keys.Count == 1)
            {
                await gate.Task;
                // Stored, and the answer lost.
                await route.FetchAsync();
                await route.AbortAsync();
            }
            else
            {
                await route.ContinueAsync();
            }
        });

        await mina.Page.GetByTestId("file-picker").SetInputFilesAsync(Letter);
        await mina.Page.GetByTestId("send").ClickAsync();
        await Expect(mina.Page.GetByRole(AriaRole.Progressbar)).ToBeVisibleAsync();
        await mina.CreateSessionAsync("Another");
        await Expect(mina.Page.GetByTestId("upload")).ToHaveCountAsync(0);
        gate.SetResult();
        await mina.EnterAsync(session);
        await mina.Page.GetByTestId("upload-retry").ClickAsync();

        await Expect(mina.Page.GetByTestId("upload")).ToHaveCountAsync(0);
        await Expect(mina.Messages).ToHaveCountAsync(1);
        Assert.Equal(2, keys.Count);
        Assert.Equal(keys[0], keys[1]);
        Assert.NotEqual("", keys[0]);
    }

    [ContractFact]
    public async Task A_name_is_text_wherever_it_is_shown()
    {
        const string Name = "<img src=x onerror=alert(1)>.txt";
        var mina = await OpenAsync("mina");
        await mina.CreateSessionAsync("Files");

        await mina.Page.GetByTestId("file-picker").SetInputFilesAsync(Text(Name, "x"));
        await Expect(mina.Page.GetByTestId("upload")).ToContainTextAsync(Name);
        await mina.Page.GetByTestId("send").ClickAsync();

        await Expect(mina.Page.GetByTestId("file")).ToContainTextAsync(Name);
        await Expect(mina.Sessions.First).ToContainTextAsync(Name);
    }

    private async Task AttachAsync(string way)
    {
        var mina = await OpenAsync("mina");
        await mina.CreateSessionAsync("Files");

        await mina.Page.EvaluateAsync(
            """
            way => {
              const data = new DataTransfer();
              data.items.add(new File(['dropped'], 'note.txt', { type: 'text/plain' }));
              const options = { bubbles: true, cancelable: true };
              const target = document.querySelector(way === 'paste' ? '[data-testid=composer]' : '[data-testid=messages]');
              const events = way === 'paste'
                ? [new ClipboardEvent('paste', { ...options, clipboardData: data })]
                : ['dragenter', 'dragover', 'drop'].map(type => new DragEvent(type, { ...options, dataTransfer: data }));
              // What the page does not take, the browser would open in its place.
              window.taken = events.map(event => !target.dispatchEvent(event));
            }
            """,
            way);
        Assert.True(await mina.Page.EvaluateAsync<bool>("taken.at(-1)"));
        await Expect(mina.Page.Locator(".drop-here")).ToBeHiddenAsync();
        await mina.Page.GetByTestId("send").ClickAsync();

        await Expect(mina.Page.GetByTestId("file")).ToContainTextAsync("note.txt");
    }

    private static FilePayload Text(string name, string text) => new() { Name = name, MimeType = "text/plain", Buffer = Encoding.UTF8.GetBytes(text) };
}
