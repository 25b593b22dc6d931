using System.Globalization;
using Chat.Protocol;

namespace Chat.Actors.Persistence;

/// <summary>A place in a session's history, as a client names it: by seq, by message or by time.</summary>
public readonly record struct HistoryCursor
{
    private static readonly string[] TimeForms =
    [
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
        "yyyy-MM-dd'T'HH:mmK",
        "yyyy-MM-dd' 'HH:mm:ss.FFFFFFFK",
        "yyyy-MM-dd",
    ];

    public long? Seq { get; private init; }
    public DateTimeOffset? Time { get; private init; }
    public MessageId? Message { get; private init; }

    public static HistoryCursor At(long seq) => new() { Seq = seq };

    public static HistoryCursor At(DateTimeOffset time) => new() { Time = time.ToUniversalTime() };

    public static HistoryCursor At(MessageId message) => new() { Message = message };

    /// <summary>
    /// Digits are a seq, ISO 8601 is a time (UTC where it names no offset), and everything else of at most 100 characters a message id; whether there is
    /// such a message shows when the page is read.
    /// </summary>
    public static bool TryParse(string? text, out HistoryCursor cursor)
    {
        cursor = default;
        if (string.IsNullOrEmpty(text) || text.Length > Limits.Name || text.Contains('\0'))
        {
            return false;
        }
        if (text.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0)
        {
            var isSeq = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seq);
            cursor = At(seq);
            return isSeq;
        }
        cursor = DateTimeOffset.TryParseExact(
            text, TimeForms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? At(time)
            : At(new MessageId(text));
        return true;
    }
}
