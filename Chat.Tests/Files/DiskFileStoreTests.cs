using Chat.Host.Files;
using Chat.Tests.Contracts;
using Chat.Tests.Support;

namespace Chat.Tests.Files;

public sealed class DiskFileStoreTests : FileStoreContract
{
    public override Task InitializeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Files_and_folders_are_the_owner_s_alone()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        var store = Open();
        await using (var file = new IncomingFile(Path.Combine(Folder, "incoming")))
        {
            await file.WriteAsync(new byte[] { 1 }, None);
            await store.PutAsync(BlobName.Of(await file.FinishAsync()), file.Path, None);
        }
        var path = PathOf(NameOf([1]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public async Task Bytes_put_at_the_very_moment_of_their_removal_stay()
    {
        var store = (DiskFileStore)Open();
        var name = await PutAsync(store, [1]);
        var since = DateTimeOffset.UtcNow.AddHours(-1);
        File.SetLastWriteTimeUtc(PathOf(name), since.UtcDateTime.AddHours(-1));
        store.BeforeLeaving = _ => PutAsync(store, [1]).GetAwaiter().GetResult();

        Assert.False(await store.RemoveAsync(name, since, None));
        Assert.Equal([1], await ReadAsync(store, name));
        Assert.Empty(Directory.GetFiles(Path.Combine(Folder, "leaving")));
    }

    [Fact]
    public async Task Two_who_remove_the_same_take_it_away_once()
    {
        var store = (DiskFileStore)Open();
        var name = await PutAsync(store, [1]);
        var other = new DiskFileStore(Folder, TimeProvider.System);
        store.BeforeLeaving = _ => Assert.True(other.RemoveAsync(name, Later, None).GetAwaiter().GetResult());

        Assert.False(await store.RemoveAsync(name, Later, None));
        Assert.Empty(await ListAsync(store));
    }

    [Fact]
    public async Task What_a_process_that_died_was_removing_comes_back()
    {
        var store = Open();
        var name = NameOf([1]);
        var leaving = Directory.CreateDirectory(Path.Combine(Folder, "leaving")).FullName;
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(name))!);
        await File.WriteAllBytesAsync(Path.Combine(leaving, $"{DateTimeOffset.UtcNow.AddHours(-1).ToUnixTimeMilliseconds()}-{name}-{Guid.NewGuid():N}"), [1]);
        // Another's that is still at it.
        await File.WriteAllBytesAsync(Path.Combine(leaving, $"{DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()}-{NameOf([2])}-{Guid.NewGuid():N}"), [2]);

        Assert.Equal(name, Assert.Single(await ListAsync(store)).Name);
        Assert.Equal([1], await ReadAsync(store, name));
        Assert.Single(Directory.GetFiles(leaving));
    }

    [Fact]
    public async Task Foreign_files_in_the_folder_are_left_alone()
    {
        var store = Open();
        await PutAsync(store, [1]);
        Directory.CreateDirectory(Path.Combine(Folder, "ab", "cd"));
        await File.WriteAllBytesAsync(Path.Combine(Folder, "ab", "cd", "notes.txt"), [1]);
        await File.WriteAllBytesAsync(Path.Combine(Folder, "readme"), [1]);

        Assert.Equal(NameOf([1]), Assert.Single(await ListAsync(store)).Name);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_is_a_fault_of_the_store()
    {
        await File.WriteAllBytesAsync(Path.Combine(Folder, "file"), []);
        var store = new DiskFileStore(Path.Combine(Folder, "file"), TimeProvider.System);
        await Assert.ThrowsAsync<FileStoreException>(() => PutAsync(store, [1]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../../etc/passwd")]
    [InlineData("ABCDEF")]
    public void Only_a_hash_can_be_a_name(string text)
    {
        Assert.False(BlobName.TryParse(text, out _));
        Assert.Throws<ArgumentException>(() => BlobName.Of(text));
    }

    internal override IFileStore Open() => new DiskFileStore(Folder, TimeProvider.System);

    private string PathOf(BlobName name) => Path.Combine(Folder, name.Hash[..2], name.Hash[2..4], name.ToString());
}
