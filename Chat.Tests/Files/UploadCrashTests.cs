using System.Net;
using Chat.Host.Configuration;
using Chat.Host.Files;
using Chat.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Chat.Tests.Files;

/// <summary>The real process, killed with -9 in the middle of an upload.</summary>
[Collection("Processes")]
public sealed class UploadCrashTests
{
    [Fact]
    public async Task It_leaves_what_had_come_and_what_was_acknowledged_and_the_first_is_swept()
    {
        using var folder = new TempFolder();
        var environment = new Dictionary<string, string> { ["SERVICE_PORT"] = "0", ["DATA_PATH"] = folder.Path };
        var incoming = folder.File(Path.Combine("files", "incoming"));
        string file;
        await using (var process = await ChatProcess.ServeAsync(environment, "--mode", "development", "--set", "chat.files.thumbnails.enabled=false"))
        {
            var token = ChatProcess.DevelopmentToken("mina");
            using var http = new HttpClient { BaseAddress = process.Address };
            http.DefaultRequestHeaders.Authorization = new("Bearer", token);
            using var created = await http.PostAsync("/api/chat/sessions", new StringContent("{}", null, "application/json"));
            var session = System.Text.Json.JsonDocument.Parse(await created.Content.ReadAsStringAsync()).RootElement.GetProperty("session_id").GetString()!;
            using var whole = new ByteArrayContent("acknowledged"u8.ToArray());
            using var answer = await http.PostAsync(UploadClient.PathOf(session), new MultipartFormDataContent { { whole, "file", "a.txt" } });
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
            file = answer.Headers.Location!.ToString();

            using var half = await RawUpload.BeginAsync(process.Address, token, UploadClient.PathOf(session), 1_000_000);
            await half.SendAsync($"--{UploadClient.Boundary}\r\n{Part.File([]).Headers}\r\n\r\n{new string('x', 200_000)}");
            for (var patience = DateTime.UtcNow.AddMinutes(1); Directory.GetFiles(incoming).Sum(path => new FileInfo(path).Length) == 0; await Task.Delay(10))
            {
                Assert.True(DateTime.UtcNow < patience, "Nothing has been written");
            }
            await process.KillAsync();
        }

        var left = Assert.Single(Directory.GetFiles(incoming));
        File.SetLastWriteTimeUtc(left, DateTime.UtcNow.AddHours(-25));
        await using var server = await TestServer.StartAsync(options => options with { Storage = new StorageOptions { DataPath = folder.Path } });
        await server.Services.GetRequiredService<FileSweeper>().SweepAsync(default);
        Assert.Empty(Directory.GetFiles(incoming));

        var rest = new Endpoints.RestServer(server);
        using var response = await rest.GetAsync("mina", file);
        Assert.Equal("acknowledged", await response.Content.ReadAsStringAsync());
    }
}
