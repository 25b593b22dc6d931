using System.Net;
using System.Security.Cryptography;
using Chat.Host.Configuration;
using Chat.Host.Files;
using Chat.Tests.Endpoints;
using Chat.Tests.Support;

namespace Chat.Tests.Files;

[RequiresNodeClients]
public sealed class S3UploadTests
{
    [ContractFact]
    public async Task A_server_keeps_its_uploads_in_the_bucket_and_hands_them_out_itself()
    {
        await using var s3 = await S3Server.StartAsync();
        await using var server = await TestServer.StartAsync(options => options with { Files = options.Files with { Storage = FileStorage.S3, S3 = s3.Options } });
        var rest = new RestServer(server);
        var session = await rest.CreateAsync("mina");
        var answer = await rest.UploadAsync("mina", session, "0123456789"u8.ToArray());
        var path = answer["file_url"].GetString()!;

        Assert.StartsWith("/files/", path, StringComparison.Ordinal);
        using var store = new S3FileStore(s3.Options);
        var kept = await store.OpenAsync(BlobName.Of(Convert.ToHexStringLower(SHA256.HashData("0123456789"u8))), default);
        Assert.Equal(10, kept!.Content.Length);
        Assert.Empty(rest.Incoming());
        using var part = await rest.GetAsync("mina", path, headers: headers => headers.Range = new(3, 5));
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal("345", await part.Content.ReadAsStringAsync());
        (await rest.SendAsync("jun", "GET", path)).AssertProblem(404, "NOT_FOUND");

        await s3.StopAsync();
        (await rest.SendAsync("mina", "GET", path)).AssertProblem(503, "STORAGE_UNAVAILABLE");
        (await rest.UploadAsync("mina", session, [.. "another"u8])).AssertProblem(503, "STORAGE_UNAVAILABLE");
        Assert.Empty(rest.Incoming());
    }
}
