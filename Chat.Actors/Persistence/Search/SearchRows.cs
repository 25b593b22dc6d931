using System.Globalization;
using Chat.Protocol;

namespace Chat.Actors.Persistence;

/// <summary>What is searched for, where and for whom.</summary>
public sealed record SearchRequest
{
    public const int ShortestQuery = 2;

    /// <summary>At least <see cref="ShortestQuery"/> characters, where a run of white space is one: see <see cref="Check"/>.</summary>
    public required string Query { get; init; }

    /// <summary>In the sessions of which this user is a member now; null: in all.</summary>
    public string? UserId { get; init; }

    /// <summary>In this one, whoever the user is: that the caller may read it has been asked before.</summary>
    public SessionId? Session { get; init; }

    /// <summary>Hits of a page at most.</summary>
    public required int Limit { get; init; }

    /// <summary>Older messages than that.</summary>
    public SearchCursor? Before { get; init; }

    public static Rejected? Check(string? query) =>
        Limits.CheckRequired("q", query, Limits.SearchQuery)
        ?? (Limits.CountScalars(SearchText.Fold(query!)) < ShortestQuery
            ? new Rejected(ErrorCode.BadField, $"q must have {ShortestQuery} characters at least; a run of spaces is one")
            : null);
}

/// <summary>A place in the log: below a message, or where an earlier page ended.</summary>
public readonly record struct SearchCursor
{
    /// <summary>The newest ordering that is no longer meant.</summary>
    public long? Ordering { get; private init; }

    public MessageId? Message { get; private init; }

    public static SearchCursor At(long ordering) => new() { Ordering = ordering };

    public static SearchCursor At(MessageId message) => new() { Message = message };

    /// <summary>Digits are a place that an answer has named, everything else of at most 100 characters a message id.</summary>
    public static bool TryParse(string text, out SearchCursor cursor)
    {
        cursor = default;
        if (text.Length == 0 || Limits.CheckText("before", text, Limits.Name) is not null)
        {
            return false;
        }
        if (text.AsSpan().IndexOfAnyExceptInRange('0', '9') >= 0)
        {
            cursor = At(new MessageId(text));
            return true;
        }
        var isOrdering = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var ordering);
        cursor = At(ordering);
        return isOrdering;
    }

    public override string ToString() => Message?.Value ?? string.Create(CultureInfo.InvariantCulture, $"{Ordering}");
}

/// <summary>A message that was found.</summary>
public sealed record SearchHit
{
    public required SessionId SessionId { get; init; }
    public required string? SessionTitle { get; init; }
    public required MessageId MessageId { get; init; }
    public required long Seq { get; init; }
    public required string SenderId { get; init; }
    public required string SenderName { get; init; }
    public required string MessageType { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required Snippet Snippet { get; init; }
}

/// <param name="Hits">Newest first.</param>
/// <param name="Next">Where to go on; null where everything has been looked at. A page may be short of its limit, even empty, and still have one: work on a page is bounded.</param>
public sealed record SearchPage(IReadOnlyList<SearchHit> Hits, SearchCursor? Next);
