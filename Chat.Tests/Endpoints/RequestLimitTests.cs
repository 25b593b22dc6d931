using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace Chat.Tests.Endpoints;

public sealed class RequestLimitTests(RestServer rest) : IClassFixture<RestServer>
{
    private const string Path = "/api/chat/sessions";

    [Fact]
    public async Task A_body_of_the_limit_passes_and_one_byte_more_does_not()
    {
        var limit = rest.Server.Options.WebSocket.MessageSizeLimit;
        Assert.Equal(HttpStatusCode.Created, (await rest.SendAsync("mina", "POST", Path, BodyOf(limit))).Status);
        (await rest.SendAsync("mina", "POST", Path, BodyOf(limit + 1))).AssertProblem(413, "TOO_LARGE");
    }

    [Fact]
    public async Task A_body_of_unknown_length_is_refused_while_it_is_read()
    {
        using var request = rest.Request("mina", "POST", Path);
        request.Headers.TransferEncodingChunked = true;
        request.Content = new StreamContent(new MemoryStream(Encoding.UTF8.GetBytes(BodyOf(rest.Server.Options.WebSocket.MessageSizeLimit + 1))));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await rest.Server.Http.SendAsync(request);
        (await Answer.ReadAsync(response)).AssertProblem(413, "TOO_LARGE");
    }

    [Fact]
    public async Task A_large_body_is_refused_before_it_is_sent()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(rest.Server.Address.Host, rest.Server.Address.Port);
        var head = $"POST {Path} HTTP/1.1\r\nHost: {rest.Server.Address.Authority}\r\nAuthorization: Bearer {rest.Server.Token("mina")}\r\n"
            + "Content-Type: application/json\r\nContent-Length: 10000000000\r\n\r\n";
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head));
        using var reader = new StreamReader(socket.GetStream());
        Assert.Equal("HTTP/1.1 413 Payload Too Large", await reader.ReadLineAsync());
    }

    [Fact]
    public async Task Json_is_at_most_32_levels_deep()
    {
        static string Nested(int levels) => $$"""{"metadata":{{string.Concat(Enumerable.Repeat("{\"a\":", levels - 1))}}1{{new string('}', levels - 1)}}}""";
        Assert.Equal(HttpStatusCode.Created, (await rest.SendAsync("mina", "POST", Path, Nested(32))).Status);
        (await rest.SendAsync("mina", "POST", Path, Nested(33))).AssertProblem(400, "BAD_JSON");
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData(null)]
    public async Task A_body_of_another_type_is_refused(string? type)
    {
        foreach (var (method, path) in new[] { ("POST", Path), ("PATCH", Path + "/x"), ("POST", Path + "/x/messages"), ("POST", Path + "/x/read"), ("POST", Path + "/x/messages/stream") })
        {
            using var request = rest.Request("mina", method, path);
            request.Content = new ByteArrayContent("{}"u8.ToArray());
            request.Content.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);
            using var response = await rest.Server.Http.SendAsync(request);
            (await Answer.ReadAsync(response)).AssertProblem(415, "UNSUPPORTED_TYPE");
        }
    }

    [Theory]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("application/merge-patch+json")]
    public async Task Json_may_be_named_more_closely(string type)
    {
        using var request = rest.Request("mina", "POST", Path);
        request.Content = new ByteArrayContent("{}"u8.ToArray());
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        using var response = await rest.Server.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
    }

    [Fact]
    public async Task Bytes_that_are_not_UTF_8_are_refused()
    {
        var session = await rest.CreateAsync("mina");
        using var request = rest.Request("mina", "POST", $"{Path}/{session}/messages");
        request.Content = new ByteArrayContent([.. "{\"content\":\"a"u8, 0xff, 0xfe, .. "\"}"u8]);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await rest.Server.Http.SendAsync(request);
        (await Answer.ReadAsync(response)).AssertRefused(400, 422);
    }

    [Theory]
    [InlineData("GET", "/api")]
    [InlineData("GET", "/api/nothing")]
    [InlineData("POST", "/api/chat/sessions/x/y/z")]
    [InlineData("GET", "/api/chat/search/xy")]
    [InlineData("GET", "/no/page")]
    public async Task An_address_that_is_not_served_is_a_problem(string method, string path) =>
        (await rest.SendAsync("mina", method, path)).AssertProblem(404, "NOT_FOUND");

    [Theory]
    [InlineData("PUT", "/api/chat/sessions")]
    [InlineData("POST", "/api/agents")]
    [InlineData("POST", "/health/live")]
    [InlineData("DELETE", "/api/chat/sessions/x/messages")]
    public async Task A_method_that_is_not_served_is_a_problem(string method, string path) =>
        (await rest.SendAsync("mina", method, path)).AssertProblem(405, "METHOD_NOT_ALLOWED");

    private static string BodyOf(int bytes)
    {
        const string Start = """{"ignored":" """, End = "\"}";
        return Start + new string('x', bytes - Start.Length - End.Length) + End;
    }
}
