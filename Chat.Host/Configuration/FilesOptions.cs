namespace Chat.Host.Configuration;

/// <summary>Uploads: what is taken, and where it is kept.</summary>
public sealed record FilesOptions
{
    /// <summary>Bytes of one file.</summary>
    public int MaxSize { get; init; } = 10_485_760;

    /// <summary>Media types, as the server judges them from the bytes.</summary>
    public IReadOnlyList<string> AllowedTypes { get; init; } = ["image/jpeg", "image/png", "application/pdf", "text/plain"];

    public FileStorage Storage { get; init; } = FileStorage.Disk;

    /// <summary>The folder of the files, or with S3 of what is being uploaded; null: <c>files</c> under <see cref="StorageOptions.DataPath"/>.</summary>
    public string? Path { get; init; }

    /// <summary>An upload that takes longer is cut off, however steadily it comes.</summary>
    public TimeSpan UploadTime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Uploads of one user that this node reads at once.</summary>
    public int UploadsPerUser { get; init; } = 3;

    /// <summary>Uploads that this node reads at once: times <see cref="MaxSize"/> it is the disk that unfinished ones can take.</summary>
    public int Uploads { get; init; } = 100;

    /// <summary>How often the store is searched for what no message has.</summary>
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>What is younger is left alone: its message may be about to be posted.</summary>
    public TimeSpan OrphanAge { get; init; } = TimeSpan.FromHours(24);

    public S3Options S3 { get; init; } = new();
    public ThumbnailOptions Thumbnails { get; init; } = new();

    public string PathUnder(StorageOptions storage) => Path ?? System.IO.Path.Combine(storage.DataPath, "files");
}

public enum FileStorage
{
    Disk,
    S3,
}

/// <summary>A bucket, at Amazon or at whoever speaks its protocol.</summary>
public sealed record S3Options
{
    public string? Bucket { get; init; }

    /// <summary>Before every object's name. What lies under it is this installation's alone, since what none of its messages has is removed.</summary>
    public string Prefix { get; init; } = "files/";

    public string Region { get; init; } = "us-east-1";

    /// <summary>Of another server than Amazon's; its buckets are named in the path.</summary>
    public string? Endpoint { get; init; }

    /// <summary>Without it the machine's own role or profile counts.</summary>
    public string? AccessKeyId { get; init; }

    public string? SecretAccessKey { get; init; }

    /// <summary>Without the values, since one is a secret.</summary>
    public override string ToString() => nameof(S3Options);
}

/// <summary>Small pictures, made by libvips in a process of its own. Each limit ends that process, and the file then has none.</summary>
public sealed record ThumbnailOptions
{
    public bool Enabled { get; init; } = true;

    /// <summary>Folder of <c>vipsthumbnail</c> and <c>vipsheader</c>; null looks through PATH.</summary>
    public string? Tools { get; init; }

    /// <summary>Pixels of the longer side.</summary>
    public int Size { get; init; } = 320;

    /// <summary>Larger pictures get none.</summary>
    public int MaxMegapixels { get; init; } = 100;

    /// <summary>Bytes of address space.</summary>
    public int Memory { get; init; } = 1 << 30;

    /// <summary>Of the processor, and on the clock.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Processes of this node; a user has one of them at most.</summary>
    public int AtOnce { get; init; } = 2;

    /// <summary>An upload that does not get its turn by then has no thumbnail.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(5);
}
