using Chat.Host.Configuration;
using Chat.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Chat.Tests.Browser;

/// <summary>Pictures on the page.</summary>
[RequiresVips]
public sealed class PictureTests(BrowserFixture browser) : PageTests(browser)
{
    protected override ChatOptions Configure(ChatOptions options) =>
        options with { Files = options.Files with { Thumbnails = new ThumbnailOptions { Time = TimeSpan.FromMinutes(1), Wait = TimeSpan.FromMinutes(1) } } };

    [ContractFact]
    public async Task A_picture_is_shown_small_and_then_whole()
    {
        var mina = await OpenAsync("mina");
        await mina.CreateSessionAsync("Files");

        await mina.Page.GetByTestId("file-picker").SetInputFilesAsync(new FilePayload { Name = "red.png", MimeType = "image/png", Buffer = Pictures.Png(640, 480) });
        Assert.Equal(1, await mina.Page.GetByTestId("upload").Locator("img").EvaluateAsync<int>("image => image.decode().then(() => 1)"));
        await mina.Page.GetByTestId("send").ClickAsync();

        var thumbnail = mina.Page.GetByTestId("thumbnail");
        await Expect(thumbnail.Locator("img")).ToHaveJSPropertyAsync("naturalWidth", 320);
        await thumbnail.ClickAsync();
        await Expect(mina.Page.GetByTestId("picture")).ToHaveJSPropertyAsync("naturalWidth", 640);
        await mina.Page.Keyboard.PressAsync("Escape");
        await Expect(mina.Page.Locator("dialog")).ToHaveCountAsync(0);
    }
}
