using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Chat.Host.Files;

/// <summary>A folder: <c>ab/cd/abcd…</c> by the hash's first four digits. Nodes share it over whatever file system they share.</summary>
/// <param name="folder">That of <see cref="IncomingFiles"/>, so that what has come is renamed and never copied.</param>
internal sealed class DiskFileStore(string folder, TimeProvider time) : IFileStore
{
    /// <summary>What is being removed lies here for a moment, under the time at which that began and its name.</summary>
    private readonly string _leaving = Path.Combine(folder, "leaving");

    /// <summary>Folders whose own names have been flushed by this process: 65,536 at most.</summary>
    private readonly ConcurrentDictionary<string, bool> _onDisk = new();

    /// <summary>A removal that has not come to its end by then never will: its process has died.</summary>
    private static readonly TimeSpan RemovalTime = TimeSpan.FromMinutes(10);

    public Task PutAsync(BlobName name, string source, CancellationToken cancellation) => OnDisk(() =>
    {
        File.SetLastWriteTimeUtc(source, time.GetUtcNow().UtcDateTime);
        using (var file = File.OpenHandle(source, access: FileAccess.ReadWrite))
        {
            RandomAccess.FlushToDisk(file);
        }
        var target = PathOf(name);
        var parent = Path.GetDirectoryName(target)!;
        Make(parent);
        File.Move(source, target, overwrite: true);
        PrivateFolder.Flush(parent);
        return true;
    });

    public Task<Blob?> OpenAsync(BlobName name, CancellationToken cancellation) => OnDisk(() =>
    {
        try
        {
            var file = new FileStream(
                PathOf(name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.Asynchronous | FileOptions.SequentialScan);
            return new Blob(file, DateTimeOffset.FromUnixTimeSeconds(new DateTimeOffset(File.GetLastWriteTimeUtc(file.SafeFileHandle)).ToUnixTimeSeconds()));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    });

    public async IAsyncEnumerable<BlobEntry> ListAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await OnDisk(() =>
        {
            BringBack();
            return true;
        });
        foreach (var first in await OnDisk(() => Directory.Exists(folder) ? Directory.GetDirectories(folder, "??") : []))
        {
            foreach (var second in await OnDisk(() => Directory.GetDirectories(first, "??")))
            {
                cancellation.ThrowIfCancellationRequested();
                foreach (var entry in await OnDisk(() => Entries(second)))
                {
                    yield return entry;
                }
            }
        }
    }

    /// <summary>
    /// Out of the way first and looked at there: what is put meanwhile either was renamed over it before, and is seen to be fresh and put back, or stands in its
    /// place already.
    /// </summary>
    public Task<bool> RemoveAsync(BlobName name, DateTimeOffset unlessSince, CancellationToken cancellation) => OnDisk(() =>
    {
        var path = PathOf(name);
        if (WrittenAt(path) is not { } written || written > unlessSince)
        {
            return false;
        }
        PrivateFolder.Create(_leaving);
        var leaving = Path.Combine(_leaving, string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow().ToUnixTimeMilliseconds()}-{name}-{Guid.NewGuid():N}"));
        BeforeLeaving?.Invoke(path);
        try
        {
            File.Move(path, leaving);
        }
        catch (FileNotFoundException)
        {
            // Another node was first.
            return false;
        }
        if (WrittenAt(leaving) > unlessSince)
        {
            PutBack(leaving, path);
            return false;
        }
        File.Delete(leaving);
        return true;
    });

    /// <summary>Until all of the path is on the disk, also where someone else has just made it.</summary>
    private void Make(string parent)
    {
        if (_onDisk.ContainsKey(parent) && Directory.Exists(parent))
        {
            return;
        }
        PrivateFolder.Create(parent);
        PrivateFolder.Flush(Path.GetDirectoryName(parent)!);
        PrivateFolder.Flush(folder);
        PrivateFolder.Flush(Path.GetDirectoryName(Path.GetFullPath(folder)) ?? folder);
        _onDisk[parent] = true;
    }

    /// <summary>For tests, which put something in at the worst moment.</summary>
    internal Action<string>? BeforeLeaving { get; set; }

    private static void PutBack(string leaving, string path)
    {
        try
        {
            File.Move(leaving, path);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Put anew meanwhile: the same bytes.
            File.Delete(leaving);
        }
    }

    /// <summary>What a process that died in the middle of a removal had taken away: it may have been fresh.</summary>
    private void BringBack()
    {
        var since = (time.GetUtcNow() - RemovalTime).ToUnixTimeMilliseconds();
        foreach (var leaving in Directory.Exists(_leaving) ? Directory.GetFiles(_leaving) : [])
        {
            if (Path.GetFileName(leaving).Split('-') is [var begun, var name, _]
                && long.TryParse(begun, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at < since && BlobName.TryParse(name, out var blob))
            {
                PutBack(leaving, PathOf(blob));
            }
        }
    }

    private static BlobEntry[] Entries(string folder) =>
    [
        .. new DirectoryInfo(folder).GetFiles()
            .Where(file => BlobName.TryParse(file.Name, out _))
            .Select(file => new BlobEntry(BlobName.TryParse(file.Name, out var name) ? name : default, new DateTimeOffset(file.LastWriteTimeUtc)))
    ];

    private static DateTimeOffset? WrittenAt(string path) => File.Exists(path) ? new DateTimeOffset(File.GetLastWriteTimeUtc(path)) : null;

    private string PathOf(BlobName name) => Path.Combine(folder, name.Hash[..2], name.Hash[2..4], name.ToString());

    /// <summary>A flush takes as long as the disk likes: not on the caller's thread.</summary>
    private static async Task<T> OnDisk<T>(Func<T> work)
    {
        try
        {
            return await Task.Run(work);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FileStoreException("The folder of the files cannot be used", e);
        }
    }
}
