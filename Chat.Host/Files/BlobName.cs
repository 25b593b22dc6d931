using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Chat.Host.Files;

/// <summary>What bytes are called in a store: their SHA-256 in lower-case hex, or that of the picture whose thumbnail they are.</summary>
internal readonly record struct BlobName
{
    private const string Suffix = ".thumb";
    private const int HashLength = 64;

    private static readonly SearchValues<char> Hex = SearchValues.Create("0123456789abcdef");

    private BlobName(string hash, bool isThumbnail) => (Hash, IsThumbnail) = (hash, isThumbnail);

    public string Hash { get; }

    public bool IsThumbnail { get; }

    /// <exception cref="ArgumentException">Not in the form of a hash, which no path and no key can be made of.</exception>
    public static BlobName Of(string hash, bool thumbnail = false) =>
        IsHash(hash) ? new BlobName(hash, thumbnail) : throw new ArgumentException("Not a SHA-256 in lower-case hex", nameof(hash));

    public static bool TryParse(string text, [MaybeNullWhen(false)] out BlobName name)
    {
        var isThumbnail = text.EndsWith(Suffix, StringComparison.Ordinal);
        var hash = isThumbnail ? text[..^Suffix.Length] : text;
        name = IsHash(hash) ? new BlobName(hash, isThumbnail) : default;
        return name != default;
    }

    public override string ToString() => IsThumbnail ? Hash + Suffix : Hash;

    private static bool IsHash(string text) => text.Length == HashLength && !text.AsSpan().ContainsAnyExcept(Hex);
}
