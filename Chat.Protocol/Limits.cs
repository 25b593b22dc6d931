using System.Text;

namespace Chat.Protocol;

/// <summary>What is refused before anything is decided, on every face. Lengths are in Unicode scalar values.</summary>
public static class Limits
{
    public const int Content = 20_000;

    /// <summary>Of a message that comes by one of the faces of seeds 000 and 001.</summary>
    public const int ShortContent = 500;

    /// <summary>UTF-16 units of an agent's whole answer; it stands once more in the event that ends it.</summary>
    public const int StreamContent = 200_000;

    /// <summary>Answers that outside agents may have open in one session.</summary>
    public const int OutsideStreams = 16;

    /// <summary>Waiting and running answers of one session.</summary>
    public const int OpenRuns = 1_000;

    public const int Title = 200;
    public const int Name = 100;
    public const int Emoji = 32;
    public const int SearchQuery = 100;
    public const int Members = 10_000;

    /// <summary>Bytes of a JSON object in UTF-8.</summary>
    public const int MetadataBytes = 8_192;

    public const int JsonDepth = 32;

    public static Rejected? CheckContent(string? content, int limit = Content) => content switch
    {
        null => new Rejected(ErrorCode.BadField, "content must be a string"),
        _ when CheckText("content", content, limit) is { } bad => bad,
        _ when string.IsNullOrWhiteSpace(content) => new Rejected(ErrorCode.EmptyMessage, "Message content cannot be empty"),
        _ => null,
    };

    /// <summary>Null passes; a name that must be there is for the caller to ask for.</summary>
    public static Rejected? CheckText(string field, string? text, int limit)
    {
        if (text is null)
        {
            return null;
        }
        var count = CountScalars(text);
        return count switch
        {
            < 0 => new Rejected(ErrorCode.BadField, $"{field} holds U+0000 or half of a surrogate pair"),
            _ when count > limit => new Rejected(ErrorCode.TooLong, $"{field} has {count} characters; {limit} is the limit"),
            _ => null,
        };
    }

    /// <summary>An id that a client names may go into a query as it is.</summary>
    public static Rejected? CheckId(string field, MessageId? id) => CheckText(field, id?.Value, Name);

    public static Rejected? CheckRequired(string field, string? text, int limit) =>
        string.IsNullOrEmpty(text) ? new Rejected(ErrorCode.BadField, $"{field} is missing") : CheckText(field, text, limit);

    public static Rejected? CheckMetadata(string? json) =>
        json is not null && Encoding.UTF8.GetByteCount(json) is var bytes && bytes > MetadataBytes
            ? new Rejected(ErrorCode.TooLong, $"metadata has {bytes} bytes; {MetadataBytes} is the limit")
            : null;

    /// <summary>Scalar values in the text, or -1 where it holds U+0000 or a lone surrogate.</summary>
    public static int CountScalars(ReadOnlySpan<char> text)
    {
        if (text.Contains('\0'))
        {
            return -1;
        }
        if (!text.ContainsAnyInRange('\ud800', '\udfff'))
        {
            return text.Length;
        }
        var count = 0;
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out _, out var consumed) != System.Buffers.OperationStatus.Done)
            {
                return -1;
            }
            text = text[consumed..];
            count++;
        }
        return count;
    }
}
