using Chat.Protocol;

namespace Chat.Host.Endpoints;

/// <summary>The answer to an upload.</summary>
/// <param name="ThumbnailUrl">Null where there is none.</param>
/// <param name="RunId">Message id of the answer that an agent will give; null where none does.</param>
internal sealed record FileUploaded(
    string FileId, string FileUrl, string? ThumbnailUrl, string MessageId, FileInfoItem FileInfo, DateTimeOffset CreatedAt, long Seq, string? RunId)
{
    public static FileUploaded Of(PostedFile file, Accepted sent) => new(
        file.FileId, file.Url, file.ThumbnailUrl, sent.MessageId.Value, new FileInfoItem(file.Name, file.Type, file.Size), sent.At, sent.Seq, sent.RunId?.Value);
}

/// <param name="Type">Media type, judged from the bytes.</param>
/// <param name="Size">Bytes.</param>
internal sealed record FileInfoItem(string Name, string Type, long Size);
