using System.Net;
using System.Text;
using Chat.Tests.Endpoints;
using Chat.Tests.Support;

namespace Chat.Tests.Files;

/// <summary>Uploads that are taken. Without thumbnails: what a file has to do with libvips is in <see cref="ThumbnailTests"/>.</summary>
public sealed class UploadTests : IAsyncLifetime
{
    private static readonly byte[] Hello = "Hello, World!"u8.ToArray();

    private RestServer _rest = null!;

    public async Task InitializeAsync() => _rest = new RestServer(await TestServer.StartAsync(options => options with { Files = options.Files with { MaxSize = 100_000 } }));

    public async Task DisposeAsync() => await _rest.DisposeAsync();

    [Fact]
    public async Task A_file_is_posted_as_a_message_and_comes_back_byte_by_byte()
    {
        var session = await _rest.CreateAsync("mina");
        var answer = await _rest.UploadAsync("mina", session, null, Part.File(Hello, "test.txt", "text/plain"), Part.Message("파일을 업로드합니다."));

        Assert.Equal(HttpStatusCode.Created, answer.Status);
        var file = answer["file_id"].GetString()!;
        Assert.Equal($"/files/{file}", answer["file_url"].GetString());
        Assert.Equal($"/files/{file}", answer.Headers.Location!.ToString());
        Assert.Equal("""{"name":"test.txt","type":"text/plain","size":13}""", answer["file_info"].GetRawText());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, answer["thumbnail_url"].ValueKind);
        answer.AssertFields("message_id", "created_at", "seq", "run_id");

        using var response = await _rest.GetAsync("mina", $"/files/{file}");
        Assert.Equal(Hello, await response.Content.ReadAsByteArrayAsync());

        var message = (await _rest.SendAsync("mina", "GET", $"/api/chat/sessions/{session}/messages"))["messages"][0];
        Assert.Equal(
            (answer["message_id"].GetString(), "file", "파일을 업로드합니다.", file),
            (message.GetProperty("message_id").GetString(), message.GetProperty("message_type").GetString(), message.GetProperty("content").GetString(), message.GetProperty("file").GetProperty("file_id").GetString()));
        Assert.Empty(_rest.Incoming());
    }

    [Fact]
    public async Task The_parts_may_come_in_any_order_and_others_are_passed_over()
    {
        var session = await _rest.CreateAsync("mina");
        var answer = await _rest.UploadAsync("mina", session, null, Part.Message("first"), new Part("Content-Disposition: form-data; name=\"other\"", [0, 1, 2]), Part.File(Hello));

        Assert.Equal(HttpStatusCode.Created, answer.Status);
        Assert.Equal("first", (await LastAsync(session)).GetProperty("content").GetString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData(" \r\n ")]
    public async Task Without_a_message_the_file_s_name_is_the_content(string? message)
    {
        var session = await _rest.CreateAsync("mina");
        await _rest.UploadAsync("mina", session, null, message is null ? [Part.File(Hello, "사진.txt")] : [Part.File(Hello, "사진.txt"), Part.Message(message)]);

        Assert.Equal("사진.txt", (await LastAsync(session)).GetProperty("content").GetString());
    }

    [Theory]
    [InlineData("filename=\"../../etc/passwd\"", "passwd")]
    [InlineData("filename=\"C:\\Users\\mina\\사진.txt\"", "사진.txt")]
    [InlineData("filename=\"a %22b%22%0D%0A.txt\"", "a \"b\".txt")]
    [InlineData("filename=\"a \\\"b\\\".txt\"", "a \"b\".txt")]
    [InlineData("filename=\"fallback\"; filename*=UTF-8''%ED%95%9C%EA%B8%80.txt", "한글.txt")]
    [InlineData("filename=\"fallback\"; filename*=UTF-8''..%2F..%2Fx.txt", "x.txt")]
    [InlineData("filename=plain.txt", "plain.txt")]
    [InlineData("filename=\"\"", "file.txt")]
    [InlineData("filename=\"../..\"", "file.txt")]
    [InlineData("", "file.txt")]
    public async Task A_name_is_kept_as_far_as_it_is_one(string sent, string name)
    {
        var session = await _rest.CreateAsync("mina");
        var answer = await _rest.UploadAsync("mina", session, null, new Part($"Content-Disposition: form-data; name=\"file\"{(sent.Length == 0 ? "" : "; ")}{sent}", Hello));

        Assert.True(answer.Status == HttpStatusCode.Created, answer.Text);
        Assert.Equal(name, answer["file_info"].GetProperty("name").GetString());
    }

    [Fact]
    public async Task A_name_of_255_characters_passes_however_long_its_bytes()
    {
        var session = await _rest.CreateAsync("mina");
        Assert.Equal(HttpStatusCode.Created, (await _rest.UploadAsync("mina", session, Hello, new string('가', 255))).Status);
    }

    [Fact]
    public async Task HttpClient_s_own_form_is_read()
    {
        var session = await _rest.CreateAsync("mina");
        using var request = _rest.Request("mina", "POST", UploadClient.PathOf(session));
        using var file = new ByteArrayContent(Hello);
        using var message = new StringContent("hi");
        request.Content = new MultipartFormDataContent { { message, "message" }, { file, "file", "한글 이름.txt" } };
        using var response = await _rest.Server.Http.SendAsync(request);
        var answer = await Answer.ReadAsync(response);

        Assert.True(answer.Status == HttpStatusCode.Created, answer.Text);
        Assert.Equal("한글 이름.txt", answer["file_info"].GetProperty("name").GetString());
    }

    [Fact]
    public async Task A_file_of_the_largest_size_passes()
    {
        var session = await _rest.CreateAsync("mina");
        var largest = Encoding.ASCII.GetBytes(new string('x', 100_000));
        var path = await _rest.UploadedAsync("mina", session, largest);

        using var response = await _rest.GetAsync("mina", path);
        Assert.Equal(largest, await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task A_repeat_with_the_same_key_is_stored_once_and_gets_the_first_one_s_answer()
    {
        var session = await _rest.CreateAsync("mina");
        var first = await _rest.UploadAsync("mina", session, Hello, "first.txt", "key-1");
        var again = await _rest.UploadAsync("mina", session, Hello, "first.txt", "key-1");
        var other = await _rest.UploadAsync("mina", session, "something else"u8.ToArray(), "other.txt", "key-1");

        Assert.Equal(HttpStatusCode.Created, first.Status);
        Assert.Equal(first.Text, again.Text);
        Assert.Equal(first.Text, other.Text);
        Assert.Equal(1, (await _rest.SendAsync("mina", "GET", $"/api/chat/sessions/{session}/messages"))["total"].GetInt32());
    }

    [Fact]
    public async Task A_key_that_sent_a_text_is_no_key_of_a_file()
    {
        var session = await _rest.CreateAsync("mina");
        await _rest.SendAsync("mina", "POST", $"/api/chat/sessions/{session}/messages", new { content = "text" }, ("Idempotency-Key", "key-1"));
        (await _rest.UploadAsync("mina", session, Hello, key: "key-1")).AssertProblem(404, "NOT_FOUND");
    }

    [Fact]
    public async Task The_same_bytes_are_kept_once_whoever_uploads_them()
    {
        var (one, two) = (await _rest.CreateAsync("mina"), await _rest.CreateAsync("jun"));
        var first = await _rest.UploadedAsync("mina", one, Hello);
        var second = await _rest.UploadedAsync("jun", two, Hello, "b.txt");

        Assert.NotEqual(first, second);
        Assert.Single(Directory.GetFiles(Path.Combine(_rest.Server.Options.Storage.DataPath, "files"), "*", SearchOption.AllDirectories));
        using var foreign = await _rest.GetAsync("mina", second);
        Assert.Equal(HttpStatusCode.NotFound, foreign.StatusCode);
    }

    private async Task<System.Text.Json.JsonElement> LastAsync(string session) =>
        (await _rest.SendAsync("mina", "GET", $"/api/chat/sessions/{session}/messages"))["messages"].EnumerateArray().Last();
}
