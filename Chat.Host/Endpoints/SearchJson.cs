using Chat.Actors.Persistence;

namespace Chat.Host.Endpoints;

/// <summary>A page of what was found.</summary>
/// <param name="Next">For <c>before</c>; null where there is nothing more.</param>
internal sealed record SearchList(IReadOnlyList<SearchItem> Hits, bool HasMore, string? Next);

/// <summary>A message that was found.</summary>
internal sealed record SearchItem
{
    public required string SessionId { get; init; }
    public required string? SessionTitle { get; init; }
    public required string MessageId { get; init; }
    public required long Seq { get; init; }
    public required string SenderId { get; init; }
    public required string SenderName { get; init; }
    public required string MessageType { get; init; }
    public required string Snippet { get; init; }

    /// <summary>The snippet, in pieces: a client needs no unit to count in, and nothing that it could take for markup.</summary>
    public required IReadOnlyList<SearchPart> Parts { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public static SearchItem Of(SearchHit hit) => new()
    {
        SessionId = hit.SessionId.Value,
        SessionTitle = hit.SessionTitle,
        MessageId = hit.MessageId.Value,
        Seq = hit.Seq,
        SenderId = hit.SenderId,
        SenderName = hit.SenderName,
        MessageType = hit.MessageType,
        Snippet = hit.Snippet.Text,
        Parts = [.. hit.Snippet.Parts.Select(part => new SearchPart(part.Text, part.IsHit))],
        CreatedAt = hit.CreatedAt,
    };
}

internal sealed record SearchPart(string Text, bool Hit);
