using System.ComponentModel;
using System.Globalization;
using System.Text.RegularExpressions;
using Chat.Actors.Runtime;
using Chat.Host.Configuration;

namespace Chat.Host.Files;

/// <summary>Makes small pictures, as JPEG without anything that the picture says of its origin. Whatever goes wrong, there is none, and the upload goes on.</summary>
internal sealed partial class Thumbnailer : BackgroundService
{
    public const string Type = MediaType.Jpeg;

    private const string Maker = "vipsthumbnail";

    // Within the tool's folder, since vips reads brackets and percent signs of a path as its own.
    private const string Picture = "picture";
    private const string Small = "small.jpg";

    private readonly ThumbnailOptions _options;
    private readonly IncomingFiles _incoming;
    private readonly IFileStore _store;
    private readonly ImageSandbox _sandbox;
    private readonly ThumbnailTurns _turns;
    private readonly ILogger _logger;

    /// <summary>Whether there is a libvips here, as soon as that is known: no start has to wait for it.</summary>
    private readonly TaskCompletionSource<bool> _works = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Thumbnailer(ChatOptions options, IncomingFiles incoming, IFileStore store, TimeProvider time, ILogger<Thumbnailer> logger)
    {
        _options = options.Files.Thumbnails;
        _incoming = incoming;
        _store = store;
        _sandbox = new ImageSandbox(_options, time);
        _turns = new ThumbnailTurns(_options.AtOnce, _options.Wait, time);
        _logger = logger;
    }

    /// <summary>Of a picture that has been uploaded, into the store.</summary>
    /// <param name="file">The upload; it is read only.</param>
    /// <returns>True where it stands in the store.</returns>
    public async Task<bool> MakeAsync(string userId, string file, string hash, CancellationToken cancellation)
    {
        if (!await _works.Task.WaitAsync(cancellation))
        {
            return false;
        }
        using var turn = await _turns.EnterAsync(userId, cancellation);
        var made = turn is not null && await MakeInTurnAsync(file, hash, cancellation);
        ChatMetrics.Thumbnails.Add(1, new KeyValuePair<string, object?>(ChatMetrics.Status, made ? "made" : turn is null ? "no_turn" : "failed"));
        return made;
    }

    public override void Dispose()
    {
        base.Dispose();
        _turns.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var works = false;
        try
        {
            works = _options.Enabled && await LookAsync(stoppingToken);
        }
        finally
        {
            // Whatever has happened: every upload of a picture waits for it.
            _works.SetResult(works);
        }
    }

    private async Task<bool> LookAsync(CancellationToken cancellation)
    {
        try
        {
            if (!OperatingSystem.IsWindows() && await _sandbox.RunAsync(Path.GetTempPath(), Maker, ["--vips-version"], cancellation) is not null)
            {
                return true;
            }
        }
        catch (Win32Exception)
        {
            // No shell.
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        LogMissing(_logger);
        return false;
    }

    private async Task<bool> MakeInTurnAsync(string file, string hash, CancellationToken cancellation)
    {
        string? folder = null;
        try
        {
            folder = _incoming.OpenFolder();
            File.Copy(file, Path.Combine(folder, Picture));
            return await FitsAsync(folder, cancellation)
                && await ShrinkAsync(folder, cancellation) is { } small
                && await StoreAsync(small, hash, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or Win32Exception or FileStoreException)
        {
            LogFailed(_logger, e);
            return false;
        }
        finally
        {
            if (folder is not null)
            {
                Remove(folder);
            }
        }
    }

    private void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The sweeper tries it once more.
            LogFailed(_logger, e);
        }
    }

    /// <summary>Reads no more than the picture's header.</summary>
    private async Task<bool> FitsAsync(string folder, CancellationToken cancellation) =>
        await _sandbox.RunAsync(folder, "vipsheader", [Picture], cancellation) is { } header
        && Dimensions().Match(header) is { Success: true } match
        && long.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var width)
        && long.TryParse(match.Groups[2].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var height)
        && width <= int.MaxValue && height <= int.MaxValue && width * height <= _options.MaxMegapixels * 1_000_000L;

    /// <summary>
    /// Turned as the camera was held, in the colours of screens, white where the picture is transparent; never larger than the picture. JPEG, because libvips 8.14
    /// leaves a WebP its Exif, told to strip or not.
    /// </summary>
    private async Task<string?> ShrinkAsync(string folder, CancellationToken cancellation)
    {
        var small = Path.Combine(folder, Small);
        var size = string.Create(CultureInfo.InvariantCulture, $"{_options.Size}x{_options.Size}>");
        return await _sandbox.RunAsync(folder, Maker, [Picture, "--size", size, "--eprofile", "srgb", "-o", Small + "[Q=80,strip,background=255]"], cancellation) is not null
            && await IsThumbnailAsync(small, cancellation)
            ? small
            : null;
    }

    /// <summary>The process has read a stranger's bytes, so what it wrote is judged like a stranger's.</summary>
    private static async Task<bool> IsThumbnailAsync(string small, CancellationToken cancellation)
    {
        if (!File.Exists(small))
        {
            return false;
        }
        var bytes = await File.ReadAllBytesAsync(small, cancellation);
        var judge = new TypeJudge();
        judge.Add(bytes);
        return judge.Verdict() == Type && !HoldsMetadata(bytes);
    }

    /// <summary>Whatever version of libvips is here, no place and no camera may get out by it: Exif and XMP.</summary>
    private static bool HoldsMetadata(ReadOnlySpan<byte> jpeg) => jpeg.IndexOf("Exif\0\0"u8) >= 0 || jpeg.IndexOf("http://ns.adobe.com/x"u8) >= 0;

    private async Task<bool> StoreAsync(string small, string hash, CancellationToken cancellation)
    {
        await _store.PutAsync(BlobName.Of(hash, thumbnail: true), small, cancellation);
        return true;
    }

    [GeneratedRegex(@": ([0-9]{1,10})x([0-9]{1,10}) ")]
    private static partial Regex Dimensions();

    [LoggerMessage(710, LogLevel.Warning, "Images get no thumbnails: vipsthumbnail does not run here. Install it (Debian: libvips-tools) or set chat.files.thumbnails.enabled = false")]
    private static partial void LogMissing(ILogger logger);

    [LoggerMessage(711, LogLevel.Warning, "A thumbnail could not be made")]
    private static partial void LogFailed(ILogger logger, Exception fault);
}
