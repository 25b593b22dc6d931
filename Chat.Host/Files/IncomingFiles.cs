using System.Security.Cryptography;
using Chat.Host.Configuration;

namespace Chat.Host.Files;

/// <summary>The folder in which uploads wait until they are whole. What a killed process leaves here is removed by <see cref="FileSweeper"/>.</summary>
internal sealed class IncomingFiles(ChatOptions options)
{
    private readonly string _folder = Path.Combine(options.Files.PathUnder(options.Storage), "incoming");

    /// <exception cref="FileStoreException" />
    public IncomingFile Open()
    {
        try
        {
            PrivateFolder.Create(_folder);
            return new IncomingFile(NewPath());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FileStoreException("The folder of uploads cannot be written", e);
        }
    }

    /// <summary>An empty folder of its own; the caller removes it.</summary>
    public string OpenFolder()
    {
        var folder = NewPath();
        PrivateFolder.Create(folder);
        return folder;
    }

    /// <summary>Removes what nobody has written to since then.</summary>
    /// <returns>How much it was.</returns>
    public int RemoveLeft(DateTimeOffset since)
    {
        var removed = 0;
        foreach (var entry in Directory.Exists(_folder) ? new DirectoryInfo(_folder).GetFileSystemInfos() : [])
        {
            if (entry.LastWriteTimeUtc < since.UtcDateTime)
            {
                if (entry is DirectoryInfo folder)
                {
                    folder.Delete(recursive: true);
                }
                else
                {
                    entry.Delete();
                }
                removed++;
            }
        }
        return removed;
    }

    private string NewPath() => Path.Combine(_folder, Guid.NewGuid().ToString("N"));
}

/// <summary>One upload's bytes on their way: written, measured, hashed and judged in one go. Removed when disposed, unless a store has taken it.</summary>
internal sealed class IncomingFile : IAsyncDisposable
{
    private readonly FileStream _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public IncomingFile(string path)
    {
        Path = path;
        _file = PrivateFolder.NewFile(path);
    }

    public string Path { get; }

    public long Length { get; private set; }

    public TypeJudge Judge { get; } = new();

    /// <exception cref="FileStoreException" />
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        try
        {
            await _file.WriteAsync(bytes, cancellation);
        }
        catch (IOException e)
        {
            throw new FileStoreException("The folder of uploads cannot be written", e);
        }
        Length += bytes.Length;
        _hash.AppendData(bytes.Span);
        Judge.Add(bytes.Span);
    }

    /// <summary>Closes it, for a store to take.</summary>
    /// <returns>Its SHA-256 in lower-case hex.</returns>
    /// <exception cref="FileStoreException" />
    public async ValueTask<string> FinishAsync()
    {
        try
        {
            await _file.DisposeAsync();
        }
        catch (IOException e)
        {
            throw new FileStoreException("The folder of uploads cannot be written", e);
        }
        return Convert.ToHexStringLower(_hash.GetHashAndReset());
    }

    public async ValueTask DisposeAsync()
    {
        _hash.Dispose();
        try
        {
            await _file.DisposeAsync();
            File.Delete(Path);
        }
        catch (IOException)
        {
            // A full disk; the sweeper removes it later.
        }
    }
}
