using System.Net;
using System.Security.Cryptography;
using Chat.Actors.Persistence;
using Chat.Host.Files;
using Chat.Tests.Endpoints;
using Chat.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Chat.Tests.Files;

/// <summary>Over a folder whose files these tests make older than they are.</summary>
public sealed class FileSweeperTests : IAsyncLifetime
{
    private static readonly byte[] Hello = "Hello, World!"u8.ToArray();

    private RestServer _rest = null!;

    public async Task InitializeAsync() => _rest = new RestServer(await TestServer.StartAsync());

    public async Task DisposeAsync() => await _rest.DisposeAsync();

    [Fact]
    public async Task What_a_message_shows_stays_and_what_none_shows_goes_at_the_second_look()
    {
        var session = await _rest.CreateAsync("mina");
        var kept = await _rest.UploadedAsync("mina", session, Hello);
        await PutAsync([1, 2, 3]);
        await PutAsync([4], BlobName.Of(Hash(Hello), thumbnail: true));
        await PutAsync([5], BlobName.Of(Hash([1, 2, 3]), thumbnail: true));
        Age();

        Assert.Equal(0, await Sweeper.SweepAsync(default));
        Assert.Equal(4, Blobs.Length);
        Assert.Equal(2, await Sweeper.SweepAsync(default));
        Assert.Equal([Hash(Hello), Hash(Hello) + ".thumb"], Blobs.Select(Path.GetFileName).Order());
        Assert.Equal(0, await Sweeper.SweepAsync(default));
        Assert.Equal(HttpStatusCode.OK, (await _rest.SendAsync("mina", "GET", kept)).Status);
    }

    [Fact]
    public async Task What_is_young_is_left_alone()
    {
        await PutAsync([1]);
        await SweepTwiceAsync();
        Assert.Single(Blobs);
    }

    [Fact]
    public async Task With_its_last_message_the_bytes_go_too()
    {
        var session = await _rest.CreateAsync("mina");
        var first = await _rest.UploadAsync("mina", session, Hello);
        var second = await _rest.UploadAsync("mina", session, Hello, "again.txt");
        Age();

        await DeleteAsync(session, first);
        await SweepTwiceAsync();
        Assert.Single(Blobs);
        Assert.Equal(HttpStatusCode.OK, (await _rest.SendAsync("mina", "GET", second["file_url"].GetString()!)).Status);

        await DeleteAsync(session, second);
        await SweepTwiceAsync();
        Assert.Empty(Blobs);
    }

    [Fact]
    public async Task An_orphan_that_is_uploaded_once_more_between_two_looks_stays()
    {
        var session = await _rest.CreateAsync("mina");
        await PutAsync(Hello);
        Age();
        await Sweeper.SweepAsync(default);
        var path = await _rest.UploadedAsync("mina", session, Hello);
        await SweepTwiceAsync();
        Assert.Equal(HttpStatusCode.OK, (await _rest.SendAsync("mina", "GET", path)).Status);
    }

    [Fact]
    public async Task An_orphan_that_is_uploaded_at_the_very_moment_of_its_removal_stays()
    {
        var session = await _rest.CreateAsync("mina");
        await PutAsync(Hello);
        Age();
        await Sweeper.SweepAsync(default);
        string? path = null;
        ((DiskFileStore)Store).BeforeLeaving = _ => path = _rest.UploadedAsync("mina", session, Hello).GetAwaiter().GetResult();

        Assert.Equal(0, await Sweeper.SweepAsync(default));
        Assert.NotNull(path);
        ((DiskFileStore)Store).BeforeLeaving = null;
        Assert.Equal(HttpStatusCode.OK, (await _rest.SendAsync("mina", "GET", path)).Status);
    }

    [Fact]
    public async Task More_than_one_question_s_worth_is_swept_whole()
    {
        var session = await _rest.CreateAsync("mina");
        await _rest.UploadedAsync("mina", session, Hello);
        foreach (var i in Enumerable.Range(0, 1100))
        {
            var hash = Hash(BitConverter.GetBytes(i));
            var folder = Directory.CreateDirectory(Path.Combine(Folder, hash[..2], hash[2..4])).FullName;
            await File.WriteAllBytesAsync(Path.Combine(folder, hash), []);
        }
        Age();
        await Sweeper.SweepAsync(default);
        Assert.Equal(1100, await Sweeper.SweepAsync(default));
        Assert.Equal(Hash(Hello), Path.GetFileName(Assert.Single(Blobs)));
    }

    [Fact]
    public async Task Uploads_that_a_dead_process_left_go()
    {
        var incoming = Directory.CreateDirectory(Path.Combine(Folder, "incoming")).FullName;
        await File.WriteAllTextAsync(Path.Combine(incoming, "old"), "half a file");
        Directory.CreateDirectory(Path.Combine(incoming, "old-folder"));
        await File.WriteAllTextAsync(Path.Combine(incoming, "old-folder", "picture"), "");
        Age();
        Directory.SetLastWriteTimeUtc(Path.Combine(incoming, "old-folder"), DateTime.UtcNow.AddHours(-25));
        await File.WriteAllTextAsync(Path.Combine(incoming, "new"), "half a file");

        await Sweeper.SweepAsync(default);
        Assert.Equal(["new"], Directory.GetFileSystemEntries(incoming).Select(Path.GetFileName));
    }

    [Fact]
    public async Task While_the_log_cannot_be_asked_nothing_goes()
    {
        await PutAsync([1]);
        Age();
        await Sweeper.SweepAsync(default);
        await _rest.Server.Node.Projector.DisposeAsync();
        await _rest.Server.PostAsync(await _rest.Server.CreateSessionAsync("mina"), "mina", "not projected");

        await Assert.ThrowsAsync<JournalUnavailableException>(() => Sweeper.SweepAsync(default));
        Assert.Single(Blobs);
    }

    private FileSweeper Sweeper => _rest.Server.Services.GetRequiredService<FileSweeper>();

    private IFileStore Store => _rest.Server.Services.GetRequiredService<IFileStore>();

    private string Folder => Path.Combine(_rest.Server.Options.Storage.DataPath, "files");

    private string[] Blobs => [.. Directory.GetDirectories(Folder, "??").SelectMany(folder => Directory.GetFiles(folder, "*", SearchOption.AllDirectories))];

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private async Task PutAsync(byte[] bytes, BlobName? name = null)
    {
        await using var file = _rest.Server.Services.GetRequiredService<IncomingFiles>().Open();
        await file.WriteAsync(bytes, default);
        var hash = await file.FinishAsync();
        await Store.PutAsync(name ?? BlobName.Of(hash), file.Path, default);
    }

    /// <summary>As if all that is there had been written 25 hours ago.</summary>
    private void Age()
    {
        foreach (var file in Directory.GetFiles(Folder, "*", SearchOption.AllDirectories))
        {
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddHours(-25));
        }
    }

    private async Task SweepTwiceAsync()
    {
        await Sweeper.SweepAsync(default);
        await Sweeper.SweepAsync(default);
    }

    private Task<Answer> DeleteAsync(string session, Answer uploaded) =>
        _rest.SendAsync("mina", "DELETE", $"/api/chat/sessions/{session}/messages/{uploaded["message_id"].GetString()}");
}
