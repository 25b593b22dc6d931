using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Chat.Tests.Endpoints;
using Chat.Tests.Support;

namespace Chat.Tests.Files;

public sealed class DownloadTests(RestServer rest) : IClassFixture<RestServer>
{
    private static readonly byte[] Digits = "0123456789"u8.ToArray();

    [Fact]
    public async Task A_file_says_what_it_is_and_that_nothing_else_may_be_made_of_it()
    {
        var path = await UploadedAsync(Digits, "한글 \"이름\";a.txt");
        using var response = await rest.GetAsync("mina", path);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/plain; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        var disposition = response.Content.Headers.ContentDisposition!;
        Assert.Equal("attachment", disposition.DispositionType);
        Assert.Equal("한글 \"이름\";a.txt", disposition.FileNameStar);
        Assert.Equal("nosniff", Header(response, "X-Content-Type-Options"));
        Assert.Equal("sandbox; default-src 'none'", Header(response, "Content-Security-Policy"));
        Assert.Equal("same-origin", Header(response, "Cross-Origin-Resource-Policy"));
        Assert.Equal("no-cache, private", response.Headers.CacheControl!.ToString());
        Assert.Equal($"\"{Convert.ToHexStringLower(SHA256.HashData(Digits))}\"", response.Headers.ETag!.ToString());
        Assert.NotNull(response.Content.Headers.LastModified);
        Assert.Equal("bytes", Header(response, "Accept-Ranges"));
    }

    [Theory]
    [InlineData("image/png", "", "inline")]
    [InlineData("image/png", "?download=1", "attachment")]
    [InlineData("application/pdf", "", "attachment")]
    [InlineData("text/plain", "", "attachment")]
    public async Task Images_are_shown_and_everything_else_is_saved(string type, string query, string disposition)
    {
        var path = await UploadedAsync(type switch { "image/png" => Pictures.Png(), "application/pdf" => Pictures.Pdf, _ => Digits });
        using var response = await rest.GetAsync("mina", path + query);
        Assert.Equal(disposition, response.Content.Headers.ContentDisposition!.DispositionType);
        Assert.Equal(type, response.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task What_is_saved_cannot_be_started()
    {
        using var response = await rest.GetAsync("mina", await UploadedAsync(Digits, "setup.bat"));
        Assert.Equal("setup.bat.txt", response.Content.Headers.ContentDisposition!.FileNameStar);
    }

    [Fact]
    public async Task A_picture_that_is_a_page_too_is_served_as_the_picture()
    {
        byte[] polyglot = [.. Pictures.Png(), .. Encoding.ASCII.GetBytes("<html><script>alert(1)</script></html>PK\u0003\u0004")];
        using var response = await rest.GetAsync("mina", await UploadedAsync(polyglot, "page.html"));

        Assert.Equal(polyglot, await response.Content.ReadAsByteArrayAsync());
        Assert.Equal("image/png", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("nosniff", Header(response, "X-Content-Type-Options"));
        Assert.Equal("sandbox; default-src 'none'", Header(response, "Content-Security-Policy"));
        Assert.Equal("page.html.png", response.Content.Headers.ContentDisposition!.FileNameStar);
    }

    [Theory]
    [InlineData("bytes=0-0", 206, "0", "bytes 0-0/10")]
    [InlineData("bytes=3-5", 206, "345", "bytes 3-5/10")]
    [InlineData("bytes=7-", 206, "789", "bytes 7-9/10")]
    [InlineData("bytes=-2", 206, "89", "bytes 8-9/10")]
    [InlineData("bytes=5-100", 206, "56789", "bytes 5-9/10")]
    [InlineData("bytes=10-", 416, "", "bytes */10")]
    [InlineData("bytes=0-1,3-4", 200, "0123456789", null)]
    [InlineData("bytes=x", 200, "0123456789", null)]
    public async Task One_range_is_answered(string range, int status, string body, string? contentRange)
    {
        using var response = await rest.GetAsync("mina", await UploadedAsync(Digits), headers: headers => headers.TryAddWithoutValidation("Range", range));
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(body, await response.Content.ReadAsStringAsync());
        Assert.Equal(contentRange, response.Content.Headers.ContentRange?.ToString());
    }

    [Fact]
    public async Task What_the_reader_has_already_is_not_sent_again_and_half_of_another_file_never()
    {
        var path = await UploadedAsync(Digits);
        var tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(Digits))}\"";
        using var same = await rest.GetAsync("mina", path, headers: headers => headers.IfNoneMatch.ParseAdd(tag));
        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);

        using var rest1 = await rest.GetAsync("mina", path, headers: headers => (headers.Range, headers.IfRange) = (new RangeHeaderValue(5, null), new RangeConditionHeaderValue(tag)));
        Assert.Equal("56789", await rest1.Content.ReadAsStringAsync());
        using var whole = await rest.GetAsync("mina", path, headers: headers => (headers.Range, headers.IfRange) = (new RangeHeaderValue(5, null), new RangeConditionHeaderValue("\"x\"")));
        Assert.Equal("0123456789", await whole.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task HEAD_tells_all_but_the_bytes()
    {
        using var response = await rest.GetAsync("mina", await UploadedAsync(Digits), "HEAD");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(10, response.Content.Headers.ContentLength);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("/thumb")]
    public async Task Who_may_not_read_the_session_finds_no_file(string what)
    {
        var session = await rest.CreateAsync("mina", new { members = new[] { "jun" } });
        var path = await rest.UploadedAsync("mina", session, Pictures.Png(2, 2)) + what;
        var shown = what.Length == 0 || RequiresVips.Missing is null ? HttpStatusCode.OK : HttpStatusCode.NotFound;

        Assert.Equal(shown, await StatusAsync("mina", path));
        Assert.Equal(shown, await StatusAsync("jun", path));
        Assert.Equal(shown, await StatusAsync(RestServer.Admin, path));
        (await rest.SendAsync("stranger", "GET", path)).AssertProblem(404, "NOT_FOUND");
        (await rest.SendAsync(null, "GET", path)).AssertProblem(401, "UNAUTHORIZED");

        await rest.SendAsync("mina", "DELETE", $"/api/chat/sessions/{session}/members/jun");
        (await rest.SendAsync("jun", "GET", path)).AssertProblem(404, "NOT_FOUND");
        await rest.SendAsync("mina", "DELETE", $"/api/chat/sessions/{session}");
        Assert.Equal(shown, await StatusAsync("mina", path));
    }

    [Theory]
    [InlineData("/files/file_0000000000000000000000")]
    [InlineData("/files/nothing")]
    [InlineData("/files/..%2f..%2fetc%2fpasswd")]
    [InlineData("/files/%00")]
    [InlineData("/files/file_0000000000000000000000/thumb")]
    public async Task What_names_no_file_is_not_found(string path) => (await rest.SendAsync("mina", "GET", path)).AssertRefused(400, 404);

    [Fact]
    public async Task A_text_has_no_thumbnail() => (await rest.SendAsync("mina", "GET", await UploadedAsync(Digits) + "/thumb")).AssertProblem(404, "NOT_FOUND");

    [Fact]
    public async Task A_ticket_opens_it_once_and_a_token_in_the_address_never()
    {
        var path = await UploadedAsync(Digits);
        var ticket = (await rest.SendAsync("mina", "POST", "/api/chat/tickets"))["ticket"].GetString();

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(null, $"{path}?ticket={ticket}"));
        (await rest.SendAsync(null, "GET", $"{path}?ticket={ticket}")).AssertProblem(401, "UNAUTHORIZED");
        (await rest.SendAsync(null, "GET", $"{path}?token={rest.Server.Token("mina")}")).AssertProblem(401, "UNAUTHORIZED");
    }

    [Fact]
    public async Task With_its_message_the_file_is_gone()
    {
        var session = await rest.CreateAsync("mina");
        var answer = await rest.UploadAsync("mina", session, Digits);
        var path = answer["file_url"].GetString()!;
        await rest.SendAsync("mina", "DELETE", $"/api/chat/sessions/{session}/messages/{answer["message_id"].GetString()}");

        (await rest.SendAsync("mina", "GET", path)).AssertProblem(404, "NOT_FOUND");
        (await rest.SendAsync("mina", "HEAD", path)).AssertRefused(404);
    }

    [Fact]
    public async Task A_file_whose_bytes_are_lost_is_not_found()
    {
        var bytes = RandomNumberGenerator.GetHexString(32);
        var path = await UploadedAsync(Encoding.ASCII.GetBytes(bytes));
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(bytes)));
        File.Delete(Path.Combine(rest.Server.Options.Storage.DataPath, "files", hash[..2], hash[2..4], hash));
        (await rest.SendAsync("mina", "GET", path)).AssertProblem(404, "NOT_FOUND");
    }

    [Fact]
    public async Task Files_are_only_read_here() => (await rest.SendAsync("mina", "DELETE", await UploadedAsync(Digits))).AssertProblem(405, "METHOD_NOT_ALLOWED");

    private static RequiresVipsAttribute RequiresVips { get; } = new();

    private async Task<string> UploadedAsync(byte[] bytes, string name = "a.txt") =>
        await rest.UploadedAsync("mina", await rest.CreateAsync("mina"), bytes, name.Replace("\"", "%22", StringComparison.Ordinal));

    private async Task<HttpStatusCode> StatusAsync(string? user, string path)
    {
        using var response = await rest.GetAsync(user, path);
        return response.StatusCode;
    }

    private static string? Header(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;
}
