using System.Buffers.Binary;

namespace Chat.Host.Files;

/// <summary>How files of the binary types begin, beyond their first few bytes: what only resembles one is none.</summary>
internal static class Signatures
{
    /// <summary>So many bytes tell: a GIF's global colours (768) stand before what is checked last.</summary>
    public const int HeadLength = 1024;

    /// <param name="head">The first <see cref="HeadLength"/> bytes, or all.</param>
    /// <param name="length">Of the whole file, <see cref="long.MaxValue"/> while it is not known.</param>
    public static string? Find(ReadOnlySpan<byte> head, long length) =>
        IsJpeg(head) ? MediaType.Jpeg
        : IsPng(head) ? MediaType.Png
        : IsGif(head) ? MediaType.Gif
        : IsWebP(head, length) ? MediaType.WebP
        : IsPdf(head) ? MediaType.Pdf
        : null;

    /// <summary>Start of image, then a segment that may stand there, with its length.</summary>
    private static bool IsJpeg(ReadOnlySpan<byte> head) =>
        head.Length >= 6 && head is [0xff, 0xd8, 0xff, ..]
        && head[3] is (>= 0xc0 and <= 0xcf) or 0xdb or 0xdd or (>= 0xe0 and <= 0xef) or 0xfe
        && BinaryPrimitives.ReadUInt16BigEndian(head[4..]) >= 2;

    /// <summary>ISO/IEC 15948, 11.2.2: the header with values that it may have.</summary>
    private static bool IsPng(ReadOnlySpan<byte> head) =>
        head.Length >= 33 && head is [0x89, (byte)'P', (byte)'N', (byte)'G', (byte)'\r', (byte)'\n', 0x1a, (byte)'\n', 0, 0, 0, 13, (byte)'I', (byte)'H', (byte)'D', (byte)'R', ..]
        && BinaryPrimitives.ReadInt32BigEndian(head[16..]) > 0 && BinaryPrimitives.ReadInt32BigEndian(head[20..]) > 0
        && (head[25], head[24]) is (0, 1 or 2 or 4 or 8 or 16) or (3, 1 or 2 or 4 or 8) or (2 or 4 or 6, 8 or 16)
        && head[26] == 0 && head[27] == 0 && head[28] <= 1;

    /// <summary>GIF89a, 18: the logical screen; after its colours an extension, an image or the end.</summary>
    private static bool IsGif(ReadOnlySpan<byte> head)
    {
        if (head.Length < 14 || !(head.StartsWith("GIF87a"u8) || head.StartsWith("GIF89a"u8)))
        {
            return false;
        }
        var colours = (head[10] & 0x80) == 0 ? 0 : 3 << ((head[10] & 7) + 1);
        return head.Length > 13 + colours && head[13 + colours] is 0x21 or 0x2c or 0x3b;
    }

    /// <summary>RFC 9649, 2: the container says a length that the file has.</summary>
    private static bool IsWebP(ReadOnlySpan<byte> head, long length) =>
        head.Length >= 20 && head.StartsWith("RIFF"u8) && head[8..].StartsWith("WEBP"u8)
        && BinaryPrimitives.ReadUInt32LittleEndian(head[4..]) + 8L <= length
        && (head[12..].StartsWith("VP8 "u8) || head[12..].StartsWith("VP8L"u8) || head[12..].StartsWith("VP8X"u8));

    /// <summary>At the very beginning, which ISO 32000 wants and some readers do not.</summary>
    private static bool IsPdf(ReadOnlySpan<byte> head) =>
        head.Length >= 8 && head.StartsWith("%PDF-"u8) && head[5] is (byte)'1' or (byte)'2' && head[6] == '.' && char.IsAsciiDigit((char)head[7]);
}
