using System.Net;
using System.Text;
using Chat.Host.Files;
using Chat.Tests.Endpoints;
using Chat.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Chat.Tests.Files;

/// <summary>Uploads that are not taken, and leave nothing.</summary>
public sealed class UploadRefusalTests : IAsyncLifetime
{
    private static readonly byte[] Hello = "Hello, World!"u8.ToArray();

    private RestServer _rest = null!;
    private string _session = "";

    public async Task InitializeAsync()
    {
        _rest = new RestServer(await TestServer.StartAsync(options => options with
        {
            Files = options.Files with { MaxSize = 100_000, UploadsPerUser = 2, Uploads = 3 },
        }));
        _session = await _rest.CreateAsync("mina");
    }

    public async Task DisposeAsync()
    {
        Assert.Empty(_rest.Incoming());
        Assert.Equal(0, (await _rest.SendAsync("mina", "GET", $"/api/chat/sessions/{_session}/messages"))["total"].GetInt32());
        await _rest.DisposeAsync();
    }

    public static TheoryData<string, byte[], int, string> Forms => new()
    {
        { "no part", UploadClient.Form(), 422, "BAD_FIELD" },
        { "no file", UploadClient.Form(Part.Message("hi")), 422, "BAD_FIELD" },
        { "two files", UploadClient.Form(Part.File(Hello), Part.File(Hello)), 422, "BAD_FIELD" },
        { "two messages", UploadClient.Form(Part.Message("a"), Part.Message("b"), Part.File(Hello)), 422, "BAD_FIELD" },
        { "an empty file", UploadClient.Form(Part.File([])), 422, "BAD_FIELD" },
        { "a long name", UploadClient.Form(Part.File(Hello, new string('가', 256))), 422, "TOO_LONG" },
        { "a name of 4 KB", UploadClient.Form(Part.File(Hello, new string('x', 4096))), 422, "TOO_LONG" },
        { "a name with U+0000", UploadClient.Form(new Part("Content-Disposition: form-data; name=\"file\"; filename*=UTF-8''a%00b", Hello)), 422, "BAD_FIELD" },
        { "a long message", UploadClient.Form(Part.File(Hello), Part.Message(new string('가', 20_001))), 422, "TOO_LONG" },
        { "a message of many bytes", UploadClient.Form(Part.File(Hello), Part.Message(new string('x', 100_000))), 422, "TOO_LONG" },
        { "a message that is not UTF-8", UploadClient.Form(Part.File(Hello), new Part("Content-Disposition: form-data; name=\"message\"", [0xff])), 422, "BAD_FIELD" },
        { "a message with U+0000", UploadClient.Form(Part.File(Hello), Part.Message("a\0b")), 422, "BAD_FIELD" },
        { "21 parts", UploadClient.Form([.. Enumerable.Range(0, 20).Select(i => new Part($"Content-Disposition: form-data; name=\"p{i}\"", [1])), Part.File(Hello)]), 422, "BAD_FIELD" },
        { "a part without a name", UploadClient.Form(new Part("Content-Type: text/plain", Hello)), 422, "BAD_FIELD" },
        { "a part of another kind", UploadClient.Form(new Part("Content-Disposition: attachment; name=\"file\"; filename=\"a\"", Hello)), 422, "BAD_FIELD" },
        { "headers of 20 KB", UploadClient.Form(new Part($"Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\nX: {new string('x', 20_000)}", Hello)), 422, "BAD_FIELD" },
        { "17 headers", UploadClient.Form(new Part("Content-Disposition: form-data; name=\"file\"" + string.Concat(Enumerable.Range(0, 17).Select(i => $"\r\nX{i}: 1")), Hello)), 422, "BAD_FIELD" },
        { "nothing", [], 422, "BAD_FIELD" },
        { "not a form", Hello, 422, "BAD_FIELD" },
        { "half a form", UploadClient.Form(Part.File(Hello))[..^20], 422, "BAD_FIELD" },
        { "a form cut off in the file", UploadClient.Form(Part.File(Hello))[..^(UploadClient.Boundary.Length + 12)], 422, "BAD_FIELD" },
        { "one byte too many", UploadClient.Form(Part.File(Encoding.ASCII.GetBytes(new string('x', 100_001)))), 413, "TOO_LARGE" },
        { "an unknown type", UploadClient.Form(Part.File([0, 1, 2, 3], "a.png", "image/png")), 415, "UNSUPPORTED_TYPE" },
        { "a script under another name", UploadClient.Form(Part.File("<script>alert(1)</script>"u8.ToArray(), "notes.txt", "text/plain")), 415, "UNSUPPORTED_TYPE" },
        { "an SVG with a script", UploadClient.Form(Part.File("<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>"u8.ToArray(), "a.png", "image/png")), 415, "UNSUPPORTED_TYPE" },
        { "a type that is known and not allowed", UploadClient.Form(Part.File(Pictures.Gif, "a.png", "image/png")), 415, "UNSUPPORTED_TYPE" },
        { "a large file of no type", UploadClient.Form(Part.File(new byte[90_000], "a.pdf", "application/pdf")), 415, "UNSUPPORTED_TYPE" },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task A_form_that_is_not_right_is_refused(string what, byte[] form, int status, string code)
    {
        var answer = await _rest.UploadFormAsync("mina", _session, form);
        Assert.True((int)answer.Status == status, $"{what}: {answer.Text}");
        answer.AssertProblem(status, code);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("application/json")]
    [InlineData("multipart/form-data")]
    [InlineData("multipart/form-data; boundary=")]
    [InlineData("multipart/form-data; boundary=0123456789012345678901234567890123456789012345678901234567890123456789x")]
    [InlineData("multipart/mixed; boundary=x")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task A_body_of_another_type_is_refused(string? type) =>
        (await _rest.UploadFormAsync("mina", _session, UploadClient.Form(Part.File(Hello)), type: type)).AssertProblem(415, "UNSUPPORTED_TYPE");

    [Fact]
    public async Task Strangers_guests_of_nobody_and_admins_who_only_read_are_refused()
    {
        (await _rest.UploadAsync("jun", _session, Hello)).AssertProblem(404, "NOT_FOUND");
        (await _rest.UploadAsync("mina", "sess_0000000000000000000000", Hello)).AssertProblem(404, "NOT_FOUND");
        (await _rest.UploadAsync("mina", "room:..%2F..", Hello)).AssertProblem(404, "NOT_FOUND");
        (await _rest.UploadAsync(RestServer.Admin, _session, Hello)).AssertProblem(403, "FORBIDDEN");
        using var anonymous = await _rest.Server.Http.PostAsync(UploadClient.PathOf(_session), new ByteArrayContent(UploadClient.Form(Part.File(Hello))));
        Assert.Equal(HttpStatusCode.Unauthorized, anonymous.StatusCode);
    }

    [Fact]
    public async Task A_key_that_is_too_long_is_refused() =>
        (await _rest.UploadAsync("mina", _session, Hello, key: new string('k', 101))).AssertProblem(422, "TOO_LONG");

    [Fact]
    public async Task What_the_session_would_refuse_is_refused_before_the_body_is_sent()
    {
        var archived = await _rest.CreateAsync("mina");
        await _rest.SendAsync("mina", "DELETE", $"/api/chat/sessions/{archived}");
        using var toArchived = await _rest.BeginAsync("mina", archived, 1000);
        Assert.StartsWith("HTTP/1.1 409 ", await toArchived.AnswerAsync(), StringComparison.Ordinal);

        using var toForeign = await _rest.BeginAsync("jun", _session, 1000);
        Assert.StartsWith("HTTP/1.1 404 ", await toForeign.AnswerAsync(), StringComparison.Ordinal);

        using var large = await _rest.BeginAsync("mina", _session, 60_000_000);
        Assert.StartsWith("HTTP/1.1 413 ", await large.AnswerAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_of_60_MB_and_unknown_length_is_refused_long_before_its_end()
    {
        using var upload = await _rest.BeginAsync("mina", _session, length: null);
        var answer = upload.AnswerAsync();
        var chunk = new byte[1 << 16];
        Array.Fill(chunk, (byte)'x');
        var sent = 0;
        try
        {
            await ChunkAsync(upload, Encoding.UTF8.GetBytes($"--{UploadClient.Boundary}\r\n{Part.File([]).Headers}\r\n\r\n"));
            for (; sent < 60_000_000 && !answer.IsCompleted; sent += chunk.Length)
            {
                await ChunkAsync(upload, chunk);
            }
        }
        catch (IOException)
        {
            // The server has closed.
        }
        Assert.StartsWith("HTTP/1.1 413 ", await answer, StringComparison.Ordinal);
        Assert.True(sent < 60_000_000, "All of it was taken");
        await UntilNothingComesInAsync();
    }

    [Fact]
    public async Task A_user_has_so_many_uploads_under_way_and_the_node_some_more()
    {
        using var first = await UnderWayAsync("mina", 1);
        using var second = await UnderWayAsync("mina", 2);
        using var third = await _rest.BeginAsync("mina", _session, 1000);
        var refused = await third.AnswerAsync();
        Assert.StartsWith("HTTP/1.1 429 ", refused, StringComparison.Ordinal);
        Assert.Contains("Retry-After: 5", refused, StringComparison.Ordinal);

        await _rest.SendAsync("mina", "POST", $"/api/chat/sessions/{_session}/members", new { user_id = "jun" });
        await _rest.SendAsync("mina", "POST", $"/api/chat/sessions/{_session}/members", new { user_id = "sora" });
        using var other = await UnderWayAsync("jun", 3);
        using var another = await _rest.BeginAsync("sora", _session, 1000);
        Assert.StartsWith("HTTP/1.1 503 ", await another.AnswerAsync(), StringComparison.Ordinal);

        first.Dispose();
        second.Dispose();
        other.Dispose();
        await UntilNothingComesInAsync();
        // The places are free again.
        (await _rest.UploadAsync("mina", _session, [0])).AssertProblem(415, "UNSUPPORTED_TYPE");
    }

    [Fact]
    public async Task A_client_that_goes_away_leaves_nothing()
    {
        using var upload = await UnderWayAsync("mina", 1);
        upload.Dispose();
        await UntilNothingComesInAsync();
    }

    /// <summary>Kestrel wants 240 bytes a second after the first five.</summary>
    [Fact]
    public async Task One_who_sends_a_byte_a_second_is_cut_off()
    {
        using var upload = await UnderWayAsync("mina", 1);
        var answer = upload.AnswerAsync();
        for (var i = 0; i < 60 && !answer.IsCompleted; i++)
        {
            try
            {
                await upload.SendAsync("x");
            }
            catch (IOException)
            {
                break;
            }
            await Task.WhenAny(answer, Task.Delay(TimeSpan.FromSeconds(1)));
        }
        Assert.StartsWith("HTTP/1.1 408 ", await answer, StringComparison.Ordinal);
        await UntilNothingComesInAsync();
    }

    [Fact]
    public void Turns_are_counted_by_user_and_given_back_once()
    {
        var turns = new UploadTurns(_rest.Server.Options.Files);
        Assert.Null(turns.Enter("a", out var first));
        Assert.Null(turns.Enter("a", out var second));
        Assert.NotNull(turns.Enter("a", out _));
        first!.Dispose();
        first.Dispose();
        Assert.Null(turns.Enter("a", out _));
        Assert.NotNull(turns.Enter("a", out _));
        second!.Dispose();
    }

    /// <returns>When the server has begun to write the file.</returns>
    private async Task<RawUpload> UnderWayAsync(string user, int files)
    {
        var upload = await _rest.BeginAsync(user, _session, 50_000);
        await upload.SendAsync($"--{UploadClient.Boundary}\r\n{Part.File([]).Headers}\r\n\r\nHello, {new string('x', 1000)}");
        await UntilAsync(() => _rest.Incoming().Length == files);
        return upload;
    }

    private Task UntilNothingComesInAsync() => UntilAsync(() => _rest.Incoming().Length == 0);

    private static async Task UntilAsync(Func<bool> reached)
    {
        for (var patience = DateTime.UtcNow.AddMinutes(1); !reached(); await Task.Delay(10))
        {
            Assert.True(DateTime.UtcNow < patience, "It has not come to that");
        }
    }

    private static async Task ChunkAsync(RawUpload upload, byte[] bytes)
    {
        await upload.SendAsync($"{bytes.Length:x}\r\n");
        await upload.SendAsync(bytes);
        await upload.SendAsync("\r\n");
    }
}

/// <summary>Limits that a server of their own has.</summary>
public sealed class UploadLimitTests
{
    private static readonly byte[] Hello = "Hello, World!"u8.ToArray();

    [Fact]
    public async Task An_upload_that_takes_too_long_is_cut_off_however_steadily_it_comes()
    {
        await using var server = await TestServer.StartAsync(options => options with { Files = options.Files with { UploadTime = TimeSpan.FromMilliseconds(200) } });
        var rest = new RestServer(server);
        var session = await rest.CreateAsync("mina");
        using var upload = await rest.BeginAsync("mina", session, 50_000);
        await upload.SendAsync($"--{UploadClient.Boundary}\r\n{Part.File([]).Headers}\r\n\r\nHello");

        Assert.StartsWith("HTTP/1.1 408 ", await upload.AnswerAsync(), StringComparison.Ordinal);
        Assert.Empty(rest.Incoming());
    }

    [Fact]
    public async Task Uploads_cost_what_messages_cost_also_those_that_are_refused_and_repeats_nothing()
    {
        await using var server = await TestServer.StartAsync(options => options with { RateLimit = new() { Enabled = true, MessagesPerMinute = 3 } }, new ManualTime());
        var rest = new RestServer(server);
        var session = await server.CreateSessionAsync("mina");

        Assert.Equal(HttpStatusCode.Created, (await rest.UploadAsync("mina", session, Hello, key: "k")).Status);
        Assert.Equal(HttpStatusCode.Created, (await rest.UploadAsync("mina", session, Hello, key: "k")).Status);
        (await rest.UploadAsync("mina", session, [0])).AssertProblem(415, "UNSUPPORTED_TYPE");
        Assert.Equal(HttpStatusCode.Created, (await rest.PostAsync("mina", session, "a message")).Status);

        // The fourth, before any of its body is sent.
        using var upload = await rest.BeginAsync("mina", session, 1000);
        Assert.StartsWith("HTTP/1.1 429 ", await upload.AnswerAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_cannot_be_written_is_said_to_be_unavailable()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder.File("taken"), "");
        await using var server = await TestServer.StartAsync(options => options with { Files = options.Files with { Path = folder.File("taken") } });
        var rest = new RestServer(server);
        var session = await rest.CreateAsync("mina");

        (await rest.UploadAsync("mina", session, Hello)).AssertProblem(503, "STORAGE_UNAVAILABLE");
        Assert.Equal(HttpStatusCode.Created, (await rest.PostAsync("mina", session, "still here")).Status);
    }

    [Fact]
    public async Task Types_are_allowed_by_name()
    {
        await using var server = await TestServer.StartAsync(options => options with { Files = options.Files with { AllowedTypes = ["image/gif", "image/webp"] } });
        var rest = new RestServer(server);
        var session = await rest.CreateAsync("mina");

        Assert.Equal("image/gif", (await rest.UploadAsync("mina", session, Pictures.Gif))["file_info"].GetProperty("type").GetString());
        Assert.Equal("image/webp", (await rest.UploadAsync("mina", session, Pictures.WebP))["file_info"].GetProperty("type").GetString());
        (await rest.UploadAsync("mina", session, Hello)).AssertProblem(415, "UNSUPPORTED_TYPE");
    }
}
