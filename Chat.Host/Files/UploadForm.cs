using System.Buffers;
using System.Text;
using Chat.Host.Configuration;
using Chat.Protocol;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Chat.Host.Files;

/// <summary>The body of an upload, <c>multipart/form-data</c> with one <c>file</c> and perhaps a <c>message</c>, in either order. Other parts are passed over.</summary>
/// <param name="File">Finished; the form's to dispose.</param>
/// <param name="Message">Empty where there is none.</param>
internal sealed record UploadForm(IncomingFile File, string Hash, string Name, string Type, string Message) : IAsyncDisposable
{
    /// <summary>RFC 2046, 5.1.1.</summary>
    private const int BoundaryLength = 70;

    /// <summary>A name of 4 KB should be told that it is too long, and not that the form is bad.</summary>
    private const int HeadersLength = 16_384;

    private const int Parts = 20;

    /// <summary>Bytes of the longest message, four for each character.</summary>
    private const int MessageBytes = 4 * Limits.Content;

    /// <summary>What a body may have beside the file: the message, other parts, and what stands between them.</summary>
    private const int Surroundings = 256 << 10;

    private const int BufferLength = 64 << 10;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>What can be refused before any of the body is read; null where nothing is.</summary>
    public static Rejected? Check(HttpRequest request, FilesOptions options) =>
        Boundary(request) is null ? new Rejected(ErrorCode.UnsupportedType, "The body must be multipart/form-data")
        : request.ContentLength > (long)options.MaxSize + Surroundings ? TooLarge(options)
        : null;

    /// <exception cref="FieldException" />
    /// <exception cref="BadHttpRequestException">Too large, too slow (408), or cut off by the client.</exception>
    /// <exception cref="FileStoreException" />
    public static async Task<UploadForm> ReadAsync(HttpRequest request, IncomingFiles incoming, FilesOptions options, CancellationToken cancellation)
    {
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
        {
            feature.MaxRequestBodySize = (long)options.MaxSize + Surroundings;
        }
        var reader = new MultipartReader(Boundary(request)!, request.Body) { HeadersCountLimit = 16, HeadersLengthLimit = HeadersLength };
        IncomingFile? file = null;
        try
        {
            string? name = null, message = null;
            for (var parts = 0; await Multipart(reader.ReadNextSectionAsync(cancellation)) is { } part; parts++)
            {
                if (parts == Parts)
                {
                    throw new FieldException($"A form has at most {Parts} parts");
                }
                if (!ContentDispositionHeaderValue.TryParse(part.ContentDisposition, out var about) || !about.DispositionType.Equals("form-data", StringComparison.OrdinalIgnoreCase))
                {
                    throw new FieldException("A part has no Content-Disposition of form-data");
                }
                switch (HeaderUtilities.RemoveQuotes(about.Name).Value)
                {
                    case "file" when file is not null:
                        throw new FieldException("One file at a time");
                    case "file":
                        name = FileName.Read(NameIn(about));
                        file = incoming.Open();
                        await CopyAsync(part.Body, file, options, cancellation);
                        break;
                    case "message" when message is not null:
                        throw new FieldException("message stands twice in the form");
                    case "message":
                        message = await ReadTextAsync(part.Body, cancellation);
                        break;
                }
            }
            if (file is null)
            {
                throw new FieldException("file is missing");
            }
            var hash = await file.FinishAsync();
            var type = TypeOf(file, options);
            return new UploadForm(file, hash, name ?? FileName.Default(type), type, message ?? "");
        }
        catch
        {
            if (file is not null)
            {
                await file.DisposeAsync();
            }
            throw;
        }
    }

    public ValueTask DisposeAsync() => File.DisposeAsync();

    private static string? Boundary(HttpRequest request) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase)
        && HeaderUtilities.RemoveQuotes(type.Boundary).Value is { Length: > 0 and <= BoundaryLength } boundary
            ? boundary
            : null;

    private static async Task CopyAsync(Stream body, IncomingFile file, FilesOptions options, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
        try
        {
            while (await Multipart(body.ReadAsync(buffer, cancellation).AsTask()) is var count and > 0)
            {
                if (file.Length + count > options.MaxSize)
                {
                    throw Refused(TooLarge(options));
                }
                await file.WriteAsync(buffer.AsMemory(0, count), cancellation);
                if (file.Judge.IsHopeless)
                {
                    throw Refused(Unsupported(options));
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        if (file.Length == 0)
        {
            throw new FieldException("The file is empty");
        }
    }

    private static string TypeOf(IncomingFile file, FilesOptions options) =>
        file.Judge.Verdict() is { } type && options.AllowedTypes.Contains(type) ? type : throw Refused(Unsupported(options));

    private static async Task<string> ReadTextAsync(Stream body, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(MessageBytes + 1);
        try
        {
            var length = 0;
            while (await Multipart(body.ReadAsync(buffer.AsMemory(length, MessageBytes + 1 - length), cancellation).AsTask()) is var count and > 0)
            {
                length += count;
            }
            if (length > MessageBytes)
            {
                throw new FieldException($"message has more than {Limits.Content} characters", ErrorCode.TooLong);
            }
            var text = Utf8.GetString(buffer, 0, length);
            return Limits.CheckText("message", text, Limits.Content) is { } bad ? throw Refused(bad) : string.IsNullOrWhiteSpace(text) ? "" : text;
        }
        catch (DecoderFallbackException)
        {
            throw new FieldException("message is not UTF-8");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// As it was called where it came from. Browsers write a quotation mark and line ends as <c>%22</c>, <c>%0D</c> and <c>%0A</c> and escape nothing else (the HTML
    /// standard's multipart/form-data encoding); others escape by a backslash.
    /// </summary>
    private static string NameIn(ContentDispositionHeaderValue about) =>
        about.FileNameStar.HasValue
            ? about.FileNameStar.Value!
            : (HeaderUtilities.RemoveQuotes(about.FileName).Value ?? "")
                .Replace("\\\"", "\"", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal)
                .Replace("%22", "\"", StringComparison.Ordinal).Replace("%0D", "\r", StringComparison.OrdinalIgnoreCase).Replace("%0A", "\n", StringComparison.OrdinalIgnoreCase);

    private static Rejected TooLarge(FilesOptions options) => new(ErrorCode.TooLarge, $"A file has at most {options.MaxSize} bytes");

    private static Rejected Unsupported(FilesOptions options) =>
        new(ErrorCode.UnsupportedType, $"The file is, by its content, none of {string.Join(", ", options.AllowedTypes)}; text must be UTF-8 and neither markup nor a script");

    private static FieldException Refused(Rejected rejected) => new(rejected.Text, rejected.Code);

    /// <summary>What the reader of the form throws for bytes that are none.</summary>
    private static async Task<T> Multipart<T>(Task<T> read)
    {
        try
        {
            return await read;
        }
        catch (Exception e) when (e is InvalidDataException or IOException and not BadHttpRequestException)
        {
            throw new FieldException("The body is not a whole multipart/form-data, or a part's headers are too long");
        }
    }
}
