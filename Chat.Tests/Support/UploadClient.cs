using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Chat.Tests.Endpoints;

namespace Chat.Tests.Support;

/// <summary>One part of a form, with its headers as they are written.</summary>
internal sealed record Part(string Headers, byte[] Body)
{
    public static Part File(byte[] bytes, string name = "a.txt", string type = "application/octet-stream") =>
        new($"Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: {type}", bytes);

    public static Part Message(string text) => new("Content-Disposition: form-data; name=\"message\"", Encoding.UTF8.GetBytes(text));
}

/// <summary>Uploads and downloads, for the tests of both.</summary>
internal static class UploadClient
{
    public const string Boundary = "a-boundary-of-the-tests";

    public static string PathOf(string session) => $"/api/chat/sessions/{session}/files";

    public static byte[] Form(params Part[] parts)
    {
        using var form = new MemoryStream();
        foreach (var part in parts)
        {
            form.Write(Encoding.UTF8.GetBytes($"--{Boundary}\r\n{part.Headers}\r\n\r\n"));
            form.Write(part.Body);
            form.Write("\r\n"u8);
        }
        form.Write(Encoding.UTF8.GetBytes($"--{Boundary}--\r\n"));
        return form.ToArray();
    }

    public static Task<Answer> UploadAsync(this RestServer rest, string user, string session, byte[] bytes, string name = "a.txt", string? key = null) =>
        rest.UploadAsync(user, session, key, Part.File(bytes, name));

    public static Task<Answer> UploadAsync(this RestServer rest, string user, string session, string? key, params Part[] parts) =>
        rest.UploadFormAsync(user, session, Form(parts), key);

    public static async Task<Answer> UploadFormAsync(
        this RestServer rest, string user, string session, byte[] form, string? key = null, string? type = $"multipart/form-data; boundary={Boundary}")
    {
        using var request = rest.Request(user, "POST", PathOf(session));
        request.Content = new ByteArrayContent(form);
        if (type is not null)
        {
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }
        using var response = await rest.Server.Http.SendAsync(request);
        return await Answer.ReadAsync(response);
    }

    /// <summary>Asserts that it is taken.</summary>
    /// <returns>The file's address.</returns>
    public static async Task<string> UploadedAsync(this RestServer rest, string user, string session, byte[] bytes, string name = "a.txt")
    {
        var answer = await rest.UploadAsync(user, session, bytes, name);
        Assert.True(answer.Status == System.Net.HttpStatusCode.Created, answer.Text);
        return answer["file_url"].GetString()!;
    }

    public static Task<HttpResponseMessage> GetAsync(this RestServer rest, string? user, string path, string method = "GET", Action<HttpRequestHeaders>? headers = null)
    {
        var request = rest.Request(user, method, path);
        headers?.Invoke(request.Headers);
        return rest.Server.Http.SendAsync(request);
    }

    /// <summary>A connection over which an upload has begun: the head has been sent and nothing else.</summary>
    /// <param name="length">The Content-Length; null for a body in chunks.</param>
    public static async Task<RawUpload> BeginAsync(this RestServer rest, string user, string session, long? length, string address = "") =>
        await RawUpload.BeginAsync(rest.Server.Address, rest.Server.Token(user), address.Length > 0 ? address : PathOf(session), length);

    public static string[] Incoming(this RestServer rest) =>
        Directory.Exists(IncomingFolder(rest)) ? Directory.GetFileSystemEntries(IncomingFolder(rest)) : [];

    private static string IncomingFolder(RestServer rest) => Path.Combine(rest.Server.Options.Files.PathUnder(rest.Server.Options.Storage), "incoming");
}

/// <summary>An upload byte by byte.</summary>
internal sealed class RawUpload : IDisposable
{
    private readonly TcpClient _client = new();

    public NetworkStream Stream => _client.GetStream();

    public static async Task<RawUpload> BeginAsync(Uri address, string token, string path, long? length)
    {
        var upload = new RawUpload();
        await upload._client.ConnectAsync(address.Host, address.Port);
        await upload.SendAsync(
            $"POST {path} HTTP/1.1\r\nHost: {address.Authority}\r\nAuthorization: Bearer {token}\r\n"
            + $"Content-Type: multipart/form-data; boundary={UploadClient.Boundary}\r\n{(length is { } l ? $"Content-Length: {l}" : "Transfer-Encoding: chunked")}\r\n\r\n");
        return upload;
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await Stream.WriteAsync(bytes);

    /// <summary>The status line and what follows, as far as the server has sent it when the connection ends or the answer is whole.</summary>
    public async Task<string> AnswerAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (await Stream.ReadAsync(buffer, patience.Token) is var count and > 0)
        {
            text.Append(Encoding.UTF8.GetString(buffer, 0, count));
            if (text.ToString().Contains("\"code\":\"", StringComparison.Ordinal) && text[^1] == '}')
            {
                break;
            }
        }
        return text.ToString();
    }

    public void Dispose() => _client.Dispose();
}
