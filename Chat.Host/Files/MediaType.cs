namespace Chat.Host.Files;

/// <summary>The media types that the server can tell from a file's bytes.</summary>
internal static class MediaType
{
    public const string Jpeg = "image/jpeg";
    public const string Png = "image/png";
    public const string Gif = "image/gif";
    public const string WebP = "image/webp";
    public const string Pdf = "application/pdf";
    public const string Text = "text/plain";

    public static IReadOnlyList<string> Known { get; } = [Jpeg, Png, Gif, WebP, Pdf, Text];

    public static bool IsKnown(string type) => Known.Contains(type);

    /// <summary>A picture made of pixels alone, which a browser may show where it stands.</summary>
    public static bool IsImage(string type) => type is Jpeg or Png or Gif or WebP;

    /// <summary>As a header says it: text has been checked to be UTF-8.</summary>
    public static string Header(string type) => type == Text ? "text/plain; charset=utf-8" : type;

    /// <summary>With their dot; the first one is given to files that have none of them. None of them starts a program when it is opened.</summary>
    public static IReadOnlyList<string> Extensions(string type) => type switch
    {
        Jpeg => [".jpg", ".jpeg"],
        Png => [".png"],
        Gif => [".gif"],
        WebP => [".webp"],
        Pdf => [".pdf"],
        Text => [".txt", ".text", ".log", ".md", ".csv", ".tsv", ".json", ".yaml", ".yml", ".toml", ".srt"],
        _ => [".bin"],
    };
}
