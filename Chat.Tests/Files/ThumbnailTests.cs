using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Chat.Host.Configuration;
using Chat.Tests.Endpoints;
using Chat.Tests.Support;

namespace Chat.Tests.Files;

[RequiresVips]
public sealed class ThumbnailTests : IAsyncLifetime
{
    private RestServer _rest = null!;

    // Machines that build and test at once are slow.
    public async Task InitializeAsync() => _rest = new RestServer(await TestServer.StartAsync(options => options with
    {
        Files = options.Files with { Thumbnails = new ThumbnailOptions { Time = TimeSpan.FromMinutes(1), Wait = TimeSpan.FromMinutes(1) } },
    }));

    public async Task DisposeAsync() => await _rest.DisposeAsync();

    [ContractFact]
    public async Task A_large_picture_becomes_a_small_one_beside_it()
    {
        var path = await UploadedAsync(Pictures.Png(1000, 500), withThumbnail: true);
        var thumbnail = await ThumbnailAsync(path);
        Assert.Equal((320, 160), Pictures.SizeOfJpeg(thumbnail));
    }

    [ContractFact]
    public async Task A_small_picture_stays_as_small_as_it_is() =>
        Assert.Equal((5, 7), Pictures.SizeOfJpeg(await ThumbnailAsync(await UploadedAsync(Pictures.Png(5, 7), withThumbnail: true))));

    [ContractFact]
    public async Task Where_and_how_a_picture_was_taken_stays_in_the_picture()
    {
        // A JPEG that the server's own tool has made, told that the camera was held sideways.
        var jpeg = await ThumbnailAsync(await UploadedAsync(Pictures.Png(300, 100), withThumbnail: true));
        var thumbnail = await ThumbnailAsync(await UploadedAsync(Pictures.WithExif(jpeg, "a-secret-place"), withThumbnail: true));

        Assert.Equal((100, 300), Pictures.SizeOfJpeg(thumbnail));
        Assert.Equal(-1, thumbnail.AsSpan().IndexOf("a-secret-place"u8));
        Assert.Equal(-1, thumbnail.AsSpan().IndexOf("Exif"u8));
    }

    [ContractFact]
    public async Task A_bomb_is_kept_and_not_opened()
    {
        var bomb = Pictures.Png(20_000, 20_000);
        Assert.InRange(bomb.Length, 1, 400_000);
        await UploadedAsync(bomb, withThumbnail: false);
        Assert.Empty(_rest.Incoming());
    }

    [ContractFact]
    public async Task A_picture_that_cannot_be_read_is_kept_without_one()
    {
        var broken = Pictures.Png(50, 50);
        broken.AsSpan(40).Fill(0xee);
        var path = await UploadedAsync(broken, withThumbnail: false);

        Assert.Equal(HttpStatusCode.NotFound, (await _rest.SendAsync("mina", "GET", path + "/thumb")).Status);
        using var response = await _rest.GetAsync("mina", path);
        Assert.Equal(broken, await response.Content.ReadAsByteArrayAsync());
    }

    [ContractFact]
    public async Task Many_at_once_all_get_their_turn()
    {
        var session = await _rest.CreateAsync("mina", new { members = new[] { "u0", "u1", "u2" } });
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => _rest.UploadAsync($"u{i % 3}", session, Pictures.Png(400 + i, 100), "a.png")));
        Assert.All(answers, answer => Assert.True(answer["thumbnail_url"].ValueKind == JsonValueKind.String, answer.Text));
        Assert.Empty(_rest.Incoming());
    }

    private async Task<string> UploadedAsync(byte[] picture, bool withThumbnail)
    {
        var answer = await _rest.UploadAsync("mina", await _rest.CreateAsync("mina"), picture, "a.png");
        Assert.True(answer.Status == HttpStatusCode.Created, answer.Text);
        var path = answer["file_url"].GetString()!;
        Assert.Equal(withThumbnail ? path + "/thumb" : null, answer["thumbnail_url"].GetString());
        return path;
    }

    private async Task<byte[]> ThumbnailAsync(string path)
    {
        using var response = await _rest.GetAsync("mina", path + "/thumb");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("image/jpeg", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("inline", response.Content.Headers.ContentDisposition!.DispositionType);
        return await response.Content.ReadAsByteArrayAsync();
    }
}

/// <summary>Tools that do not do what they should, in the place of libvips.</summary>
public sealed class BadThumbnailToolTests : IDisposable
{
    private readonly TempFolder _tools = new();

    public void Dispose() => _tools.Dispose();

    [Fact]
    public async Task Without_libvips_pictures_are_kept_all_the_same()
    {
        await using var server = await StartAsync(thumbnails => thumbnails with { Tools = "/nowhere" });
        await AssertUploadedWithoutAsync(server);
    }

    [Fact]
    public async Task A_tool_that_never_ends_is_ended_with_all_that_it_has_started()
    {
        await WriteToolsAsync(
            "vipsheader", "echo \"in: 5x5 uchar, 1 band, b-w, pngload\"",
            "vipsthumbnail", $"[ \"$1\" = --vips-version ] && exit 0; sleep 600 & echo $! > {_tools.File("child")}; wait");
        await using var server = await StartAsync(thumbnails => thumbnails with { Tools = _tools.Path, Time = TimeSpan.FromSeconds(2) });
        await AssertUploadedWithoutAsync(server);

        var child = int.Parse((await File.ReadAllTextAsync(_tools.File("child"))).Trim(), System.Globalization.CultureInfo.InvariantCulture);
        for (var patience = DateTime.UtcNow.AddSeconds(30); IsAlive(child); await Task.Delay(10))
        {
            Assert.True(DateTime.UtcNow < patience, "Its child lives on");
        }
    }

    /// <summary>What the tests after it would say of a server that never asks the tools.</summary>
    [Fact]
    public async Task What_a_tool_writes_is_kept_where_it_is_a_clean_thumbnail()
    {
        await WriteToolsAsync(
            "vipsheader", "echo \"in: 5x5 uchar, 1 band, b-w, pngload\"",
            "vipsthumbnail", "[ \"$1\" = --vips-version ] && exit 0; printf '\\377\\330\\377\\340\\000\\020JFIF\\000abcdefgh' > \"${7%%\\[*}\"");
        await using var server = await StartAsync(thumbnails => thumbnails with { Tools = _tools.Path, Time = TimeSpan.FromMinutes(1) });
        var rest = new RestServer(server);
        var answer = await rest.UploadAsync("mina", await rest.CreateAsync("mina"), Pictures.Png(5, 5), "a.png");
        Assert.NotNull(answer["thumbnail_url"].GetString());
    }

    [Theory]
    [InlineData("exit 1")]
    [InlineData("exit 0")]
    [InlineData("echo '<script>alert(1)</script>' > \"${7%%\\[*}\"")]
    [InlineData("printf '\\377\\330\\377\\341\\000\\020Exif\\000\\000abcdefgh' > \"${7%%\\[*}\"")]
    [InlineData("head -c 10000000 /dev/zero > \"${7%%\\[*}\"")]
    [InlineData("head -c 10000000 /dev/zero; exit 1")]
    [InlineData("kill -9 $$")]
    public async Task What_is_no_clean_thumbnail_is_not_kept(string maker)
    {
        await WriteToolsAsync("vipsheader", "echo \"in: 5x5 uchar, 1 band, b-w, pngload\"", "vipsthumbnail", $"[ \"$1\" = --vips-version ] && exit 0; {maker}");
        await using var server = await StartAsync(thumbnails => thumbnails with { Tools = _tools.Path, Time = TimeSpan.FromMinutes(1) });
        await AssertUploadedWithoutAsync(server);
    }

    [Theory]
    [InlineData("20000x20000")]
    [InlineData("9999999999x9999999999")]
    [InlineData("-1x5")]
    [InlineData("many")]
    public async Task A_picture_of_too_many_pixels_is_not_opened(string size)
    {
        await WriteToolsAsync("vipsheader", $"echo \"in: {size} uchar, 1 band, b-w, pngload\"", "vipsthumbnail", $"[ \"$1\" = --vips-version ] && exit 0; touch {_tools.File("opened")}");
        await using var server = await StartAsync(thumbnails => thumbnails with { Tools = _tools.Path, Time = TimeSpan.FromMinutes(1) });
        await AssertUploadedWithoutAsync(server);
        Assert.False(File.Exists(_tools.File("opened")));
    }

    [Fact]
    public async Task The_tool_knows_nothing_of_the_server_and_has_little_of_the_machine()
    {
        Environment.SetEnvironmentVariable("A_SECRET_OF_THE_TESTS", "a secret");
        await WriteToolsAsync(
            "vipsheader", "true",
            "vipsthumbnail", $"[ \"$1\" = --vips-version ] && {{ env; pwd; for limit in c v t f n; do echo limit $limit $(ulimit -$limit); done; }} > {_tools.File("told")}; exit 0");
        await using var server = await StartAsync(thumbnails => thumbnails with { Tools = _tools.Path, Memory = 512 << 20, Time = TimeSpan.FromSeconds(30) });

        await AssertUploadedWithoutAsync(server);
        var told = await File.ReadAllLinesAsync(_tools.File("told"));
        Assert.DoesNotContain(told, line => line.Contains("SECRET", StringComparison.Ordinal) || line.StartsWith("DOTNET", StringComparison.Ordinal));
        Assert.Contains("VIPS_BLOCK_UNTRUSTED=1", told);
        Assert.Contains("VIPS_CONCURRENCY=1", told);
        Assert.Contains("limit c 0", told);
        Assert.Contains("limit v 524288", told);
        Assert.Contains("limit t 30", told);
        Assert.Contains("limit f 1024", told);
        Assert.Contains("limit n 64", told);
    }

    private static bool IsAlive(int process)
    {
        try
        {
            using var found = Process.GetProcessById(process);
            return !found.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static async Task AssertUploadedWithoutAsync(TestServer server)
    {
        var rest = new RestServer(server);
        var answer = await rest.UploadAsync("mina", await rest.CreateAsync("mina"), Pictures.Png(5, 5), "a.png");
        Assert.True(answer.Status == HttpStatusCode.Created, answer.Text);
        Assert.Null(answer["thumbnail_url"].GetString());
        Assert.Empty(rest.Incoming());
    }

    private static Task<TestServer> StartAsync(Func<ThumbnailOptions, ThumbnailOptions> thumbnails) =>
        TestServer.StartAsync(options => options with { Files = options.Files with { Thumbnails = thumbnails(new ThumbnailOptions()) } });

    private async Task WriteToolsAsync(params string[] namesAndScripts)
    {
        foreach (var tool in namesAndScripts.Chunk(2))
        {
            // By a process of its own: one that another test starts meanwhile would inherit the open file, and what is open for writing cannot be run.
            var start = new ProcessStartInfo("/bin/sh", ["-c", "printf '%s\n' '#!/bin/sh' \"$2\" > \"$1\" && chmod +x \"$1\"", "sh", _tools.File(tool[0]), tool[1]]);
            using var writing = Process.Start(start)!;
            await writing.WaitForExitAsync();
            Assert.Equal(0, writing.ExitCode);
        }
    }
}
