using System.Security.Cryptography;
using Chat.Host.Files;
using Chat.Tests.Support;

namespace Chat.Tests.Contracts;

/// <summary>What every store of files promises.</summary>
public abstract class FileStoreContract : IAsyncLifetime
{
    private readonly TempFolder _folder = new();

    protected static CancellationToken None => CancellationToken.None;

    /// <summary>Where files stand before they are put.</summary>
    protected string Folder => _folder.Path;

    public abstract Task InitializeAsync();

    public virtual Task DisposeAsync()
    {
        _folder.Dispose();
        return Task.CompletedTask;
    }

    [ContractFact]
    public async Task Bytes_come_back_as_they_were_put()
    {
        var store = Open();
        var bytes = RandomNumberGenerator.GetBytes(300_000);
        var name = await PutAsync(store, bytes);

        Assert.Equal(bytes, await ReadAsync(store, name));
        Assert.Equal(bytes, await ReadAsync(Open(), name));
    }

    [ContractFact]
    public async Task They_are_read_from_wherever_the_reader_goes()
    {
        var store = Open();
        var bytes = RandomNumberGenerator.GetBytes(100_000);
        var blob = await store.OpenAsync(await PutAsync(store, bytes), None);

        await using var content = blob!.Content;
        Assert.Equal(bytes.Length, content.Length);
        foreach (var (from, count) in new[] { (0, 10), (99_990, 10), (50_000, 1), (1, 60_000), (0, 100_000) })
        {
            content.Seek(from, SeekOrigin.Begin);
            var part = new byte[count];
            await content.ReadExactlyAsync(part);
            Assert.Equal(bytes[from..(from + count)], part);
            Assert.Equal(from + count, content.Position);
        }
        Assert.Equal(0, await content.ReadAsync(new byte[1]));
    }

    [ContractFact]
    public async Task What_was_never_put_is_not_there()
    {
        var store = Open();
        Assert.Null(await store.OpenAsync(NameOf([1]), None));
        Assert.False(await store.RemoveAsync(NameOf([1]), DateTimeOffset.MaxValue, None));
        Assert.Empty(await ListAsync(store));
    }

    [ContractFact]
    public async Task A_thumbnail_stands_beside_its_picture()
    {
        var store = Open();
        var picture = await PutAsync(store, [1, 2, 3]);
        var thumbnail = BlobName.Of(picture.Hash, thumbnail: true);
        await PutAsync(store, [4], thumbnail);

        Assert.Equal([1, 2, 3], await ReadAsync(store, picture));
        Assert.Equal([4], await ReadAsync(store, thumbnail));
        Assert.True(await store.RemoveAsync(thumbnail, Later, None));
        Assert.Null(await store.OpenAsync(thumbnail, None));
        Assert.Equal([1, 2, 3], await ReadAsync(store, picture));
    }

    [ContractFact]
    public async Task All_that_was_put_is_listed_once_with_its_time()
    {
        var store = Open();
        var before = DateTimeOffset.UtcNow.AddSeconds(-2);
        List<BlobName> names = [];
        for (var i = 0; i < 12; i++)
        {
            names.Add(await PutAsync(store, [(byte)i]));
        }
        await PutAsync(store, [0]);

        var listed = await ListAsync(store);
        Assert.Equal(names.Select(name => name.ToString()).Order(), listed.Select(entry => entry.Name.ToString()).Order());
        Assert.All(listed, entry => Assert.InRange(entry.WrittenAt, before, DateTimeOffset.UtcNow.AddSeconds(2)));
    }

    [ContractFact]
    public async Task What_is_removed_is_gone_and_can_be_put_again()
    {
        var store = Open();
        var name = await PutAsync(store, [1]);
        Assert.True(await store.RemoveAsync(name, Later, None));
        Assert.Null(await store.OpenAsync(name, None));
        Assert.Empty(await ListAsync(store));
        Assert.False(await store.RemoveAsync(name, Later, None));

        await PutAsync(store, [1]);
        Assert.Equal([1], await ReadAsync(store, name));
    }

    [ContractFact]
    public async Task What_was_written_since_is_not_removed()
    {
        var store = Open();
        var name = await PutAsync(store, [1]);
        Assert.False(await store.RemoveAsync(name, DateTimeOffset.UtcNow.AddHours(-1), None));
        Assert.Equal([1], await ReadAsync(store, name));
    }

    [ContractFact]
    public async Task The_same_bytes_put_by_many_at_once_stand_there_once()
    {
        var store = Open();
        var bytes = RandomNumberGenerator.GetBytes(10_000);
        var names = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => PutAsync(store, bytes)));

        Assert.Single(await ListAsync(store));
        Assert.Equal(bytes, await ReadAsync(store, names[0]));
    }

    [ContractFact]
    public async Task A_reader_reads_on_while_the_file_is_put_again_or_removed()
    {
        var store = Open();
        var bytes = RandomNumberGenerator.GetBytes(10_000);
        var name = await PutAsync(store, bytes);
        var blob = await store.OpenAsync(name, None);
        await using var content = blob!.Content;
        var read = new byte[bytes.Length];
        await content.ReadExactlyAsync(read.AsMemory(0, 10));
        await PutAsync(store, bytes);
        await store.RemoveAsync(name, Later, None);
        await content.ReadExactlyAsync(read.AsMemory(10));
        Assert.Equal(bytes, read);
    }

    internal abstract IFileStore Open();

    /// <summary>Beyond what the clocks of both sides may differ.</summary>
    protected static DateTimeOffset Later => DateTimeOffset.UtcNow.AddMinutes(1);

    internal static BlobName NameOf(byte[] bytes) => BlobName.Of(Convert.ToHexStringLower(SHA256.HashData(bytes)));

    internal async Task<BlobName> PutAsync(IFileStore store, byte[] bytes, BlobName? name = null)
    {
        var source = Path.Combine(Folder, Guid.NewGuid().ToString("N"));
        await File.WriteAllBytesAsync(source, bytes);
        var put = name ?? NameOf(bytes);
        await store.PutAsync(put, source, None);
        File.Delete(source);
        return put;
    }

    internal static async Task<byte[]> ReadAsync(IFileStore store, BlobName name)
    {
        var blob = await store.OpenAsync(name, None);
        Assert.NotNull(blob);
        await using var content = blob.Content;
        using var bytes = new MemoryStream();
        await content.CopyToAsync(bytes);
        return bytes.ToArray();
    }

    internal static async Task<List<BlobEntry>> ListAsync(IFileStore store)
    {
        List<BlobEntry> entries = [];
        await foreach (var entry in store.ListAsync(None))
        {
            entries.Add(entry);
        }
        return entries;
    }
}
