using System.Data.Common;
using Chat.Protocol;
using Dapper;

namespace Chat.Actors.Persistence;

/// <summary>Reads of a search, in SQL that both databases understand but for the part that asks the index.</summary>
internal static class SearchQueries
{
    /// <summary>
    /// With more sessions than this their marks are not asked for, and what other people wrote is passed over message by message: each mark has to be looked up, in
    /// SQLite once in each of the index's segments.
    /// </summary>
    public const int MostMarks = 200;

    /// <summary>The newest so many messages below a place that may be hits.</summary>
    public static async Task<IReadOnlyList<SearchCandidate>> FindAsync(
        DbTransaction transaction, string found, DynamicParameters arguments, SearchRequest request, long from, long before, int limit, CancellationToken cancellation)
    {
        AddReader(arguments, request);
        arguments.Add("from", from);
        arguments.Add("before", before);
        arguments.Add("limit", limit);
        var rows = await transaction.Connection!.QueryAsync<SearchCandidate>(
            new CommandDefinition(Candidates(found, request), arguments, transaction, cancellationToken: cancellation));
        return rows.AsList();
    }

    /// <summary>What others wrote has no text here.</summary>
    internal static string Candidates(string found, SearchRequest request) =>
        $"""
        SELECT m.id AS Id, m.session_id AS SessionId, m.message_id AS MessageId, m.seq AS Seq, m.sender_id AS SenderId, m.sender_name AS SenderName,
            m.message_type AS MessageType, m.created_at AS CreatedAt, CASE WHEN {Readable(request)} THEN m.content END AS Content, f.file_name AS FileName, s.title AS SessionTitle
        FROM ({found}) page CROSS JOIN chat_messages m
            LEFT JOIN chat_files f ON f.file_id = m.file_id
            LEFT JOIN chat_sessions s ON s.session_id = m.session_id
        WHERE m.id = page.id ORDER BY m.id DESC
        """;

    /// <summary>Null where the session needs none: nobody's sessions, or too many.</summary>
    public static async Task<int[]?> MarksAsync(DbTransaction transaction, SearchRequest request, CancellationToken cancellation)
    {
        if (request.Session is { } session)
        {
            return [SearchTerms.OfSession(session.Value)];
        }
        if (request.UserId is null)
        {
            return null;
        }
        var sessions = (await transaction.Connection!.QueryAsync<string>(new CommandDefinition(
            "SELECT session_id FROM chat_members WHERE user_id = @user LIMIT @limit",
            new { user = request.UserId, limit = MostMarks + 1 },
            transaction,
            cancellationToken: cancellation))).AsList();
        return sessions.Count > MostMarks ? null : [.. sessions.Select(SearchTerms.OfSession)];
    }

    /// <summary>The ordering below which to look; null where the cursor names no message that the reader may read.</summary>
    public static async Task<long?> OrderingOfAsync(DbTransaction transaction, SearchRequest request, CancellationToken cancellation)
    {
        if (request.Before is not { Message: { } message })
        {
            var last = await ReadDatabase.ReadOffsetAsync(transaction.Connection!, cancellation);
            return Math.Min(request.Before?.Ordering ?? long.MaxValue, last + 1);
        }
        var arguments = new DynamicParameters();
        AddReader(arguments, request);
        arguments.Add("message", message.Value);
        return await transaction.Connection!.ExecuteScalarAsync<long?>(new CommandDefinition(
            $"SELECT m.id FROM chat_messages m WHERE m.message_id = @message AND {Readable(request)}", arguments, transaction, cancellationToken: cancellation));
    }

    private static void AddReader(DynamicParameters arguments, SearchRequest request)
    {
        if (request.Session is { } session)
        {
            arguments.Add("session", session.Value);
        }
        else if (request.UserId is { } user)
        {
            arguments.Add("user", user);
        }
    }

    private static string Readable(SearchRequest request) =>
        request.Session is not null ? "m.session_id = @session"
        : request.UserId is not null ? "EXISTS (SELECT 1 FROM chat_members c WHERE c.session_id = m.session_id AND c.user_id = @user)"
        : "1 = 1";
}

/// <summary>A message that has all the terms.</summary>
internal sealed class SearchCandidate
{
    public long Id { get; init; }
    public string SessionId { get; init; } = "";
    public string MessageId { get; init; } = "";
    public long Seq { get; init; }
    public string SenderId { get; init; } = "";
    public string SenderName { get; init; } = "";
    public string MessageType { get; init; } = "";
    public StoredTime CreatedAt { get; init; }

    /// <summary>Null where it is not the reader's to read.</summary>
    public string? Content { get; init; }

    public string? FileName { get; init; }
    public string? SessionTitle { get; init; }

    public SearchHit ToHit(Snippet snippet) => new()
    {
        SessionId = new(SessionId),
        SessionTitle = SessionTitle,
        MessageId = new(MessageId),
        Seq = Seq,
        SenderId = SenderId,
        SenderName = SenderName,
        MessageType = MessageType,
        CreatedAt = CreatedAt.Value,
        Snippet = snippet,
    };
}
