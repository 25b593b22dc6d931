using Chat.Host.Files;

namespace Chat.Host.Configuration;

/// <summary>Reads the section <c>files</c>.</summary>
internal static class FilesOptionsReader
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    public static FilesOptions Read(OptionsSection section, FilesOptions defaults)
    {
        var s3 = section.Section("s3");
        var files = new FilesOptions
        {
            MaxSize = section.Bytes("max-size", defaults.MaxSize, 1, 1 << 30),
            AllowedTypes = section.Check("allowed-types", section.Texts("allowed-types", defaults.AllowedTypes), Types),
            Storage = section.Choice("storage", defaults.Storage, ("disk", FileStorage.Disk), ("local", FileStorage.Disk), ("s3", FileStorage.S3)),
            Path = section.OptionalText("path"),
            UploadTime = section.Duration("upload-time", defaults.UploadTime, Second, TimeSpan.FromMinutes(30)),
            UploadsPerUser = section.Whole("uploads-per-user", defaults.UploadsPerUser, 1, 1_000),
            Uploads = section.Whole("uploads", defaults.Uploads, 1, 100_000),
            SweepInterval = section.Duration("sweep-interval", defaults.SweepInterval, TimeSpan.FromMinutes(1), TimeSpan.FromDays(7)),
            // Longer than any upload with its thumbnail can take.
            OrphanAge = section.Duration("orphan-age", defaults.OrphanAge, TimeSpan.FromHours(1), TimeSpan.FromDays(365)),
            S3 = ReadS3(s3, defaults.S3),
            Thumbnails = ReadThumbnails(section.Section("thumbnails"), defaults.Thumbnails),
        };
        // An environment often has keys that are for something else.
        if (files.Storage == FileStorage.S3)
        {
            Check(s3, files.S3);
        }
        return files;
    }

    private static S3Options ReadS3(OptionsSection section, S3Options defaults) => new()
    {
        Bucket = section.OptionalText("bucket"),
        Prefix = section.OptionalText("prefix") ?? defaults.Prefix,
        Region = section.Text("region", defaults.Region),
        Endpoint = section.Check("endpoint", section.OptionalText("endpoint"), OptionsChecks.Address),
        AccessKeyId = section.OptionalText("access-key-id"),
        SecretAccessKey = section.OptionalText("secret-access-key"),
    };

    private static void Check(OptionsSection section, S3Options s3)
    {
        if (s3.Bucket is null)
        {
            section.Refuse("bucket", "is needed for files.storage = s3 (S3_BUCKET_NAME)");
        }
        if (s3.AccessKeyId is null != s3.SecretAccessKey is null)
        {
            section.Refuse(s3.AccessKeyId is null ? "access-key-id" : "secret-access-key", "is missing: the two go together, or both are left to the machine's own role");
        }
    }

    private static ThumbnailOptions ReadThumbnails(OptionsSection section, ThumbnailOptions defaults) => new()
    {
        Enabled = section.Switch("enabled", defaults.Enabled),
        Tools = section.OptionalText("tools"),
        Size = section.Whole("size", defaults.Size, 16, 320),
        MaxMegapixels = section.Whole("max-megapixels", defaults.MaxMegapixels, 1, 10_000),
        Memory = section.Bytes("memory", defaults.Memory, 64 << 20, int.MaxValue),
        Time = section.Duration("time", defaults.Time, Second, TimeSpan.FromMinutes(5)),
        AtOnce = section.Whole("at-once", defaults.AtOnce, 1, 100),
        Wait = section.Duration("wait", defaults.Wait, TimeSpan.Zero, TimeSpan.FromMinutes(5)),
    };

    private static string? Types(IReadOnlyList<string> types) =>
        types.Count == 0 ? "is empty, so that nothing could be uploaded"
        : types.All(MediaType.IsKnown) ? null
        : $"holds a type that the server cannot tell from a file's bytes; it can tell {string.Join(", ", MediaType.Known)}";
}
