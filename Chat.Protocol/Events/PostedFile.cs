using System.Text.Json;
using System.Text.Json.Serialization;

namespace Chat.Protocol;

/// <summary>What the log knows of a file. Several messages of one session may show the same one.</summary>
/// <param name="FileId">From <see cref="NewId"/>.</param>
/// <param name="Name">As its sender named it, at most 255 characters; never a path.</param>
/// <param name="Type">Media type, judged from the bytes.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Hash">SHA-256 of the bytes in lower-case hex: their name in the store.</param>
public sealed record PostedFile(string FileId, string Name, string Type, long Size, string Hash, bool HasThumbnail)
{
    [JsonIgnore]
    public string Url => $"/files/{FileId}";

    [JsonIgnore]
    public string? ThumbnailUrl => HasThumbnail ? $"/files/{FileId}/thumb" : null;

    [JsonIgnore]
    public bool IsImage => Type.StartsWith("image/", StringComparison.Ordinal);

    public static string NewId() => TimeOrderedId.New("file_");

    /// <summary>Whether a text that a client names could be one of them.</summary>
    public static bool IsId(string text) =>
        text.Length == "file_".Length + TimeOrderedId.Length && text.StartsWith("file_", StringComparison.Ordinal) && text["file_".Length..].All(char.IsAsciiLetterOrDigit);

    /// <summary>The <c>file</c> object that stands in every face's frames.</summary>
    public void Write(Utf8JsonWriter w)
    {
        w.WriteStartObject("file"u8);
        w.WriteString("file_id"u8, FileId);
        w.WriteString("url"u8, Url);
        w.WriteString("name"u8, Name);
        w.WriteString("type"u8, Type);
        w.WriteNumber("size"u8, Size);
        w.WriteString("thumbnail_url"u8, ThumbnailUrl);
        w.WriteEndObject();
    }
}
