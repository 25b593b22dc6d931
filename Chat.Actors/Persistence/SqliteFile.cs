namespace Chat.Actors.Persistence;

/// <summary>A database file that only its owner reads: SQLite gives its companions (<c>-wal</c>, <c>-shm</c>) the same mode.</summary>
internal static class SqliteFile
{
    public static void Create(string path)
    {
        if (File.Exists(path))
        {
            return;
        }
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite };
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        new FileStream(path, options).Dispose();
    }
}
