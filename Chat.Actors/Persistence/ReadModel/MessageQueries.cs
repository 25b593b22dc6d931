using System.Data.Common;
using Chat.Protocol;
using Dapper;

namespace Chat.Actors.Persistence;

/// <summary>Reads of messages and reactions, in SQL that both databases understand.</summary>
internal static class MessageQueries
{
    internal const string PageBackward = $"{Columns} WHERE session_id = @session AND seq > @after AND seq < @before ORDER BY seq DESC LIMIT @limit";
    internal const string PageForward = $"{Columns} WHERE session_id = @session AND seq > @after AND seq < @before ORDER BY seq LIMIT @limit";
    internal const string Conversation = $"{Columns} WHERE session_id = @session AND seq <= @last AND NOT is_deleted ORDER BY seq DESC LIMIT @limit";

    /// <summary>
    /// Seq of the first message that is not before a time. Times never go back within a session, so its seqs are halved until one is left: twenty steps for a million
    /// messages, where an index for the few who page by time would be a page more to write for each session in each batch.
    /// </summary>
    internal const string FirstFrom =
        """
        WITH RECURSIVE span(low, high) AS (
            SELECT (SELECT MIN(seq) FROM chat_messages WHERE session_id = @session), (SELECT MAX(seq) + 1 FROM chat_messages WHERE session_id = @session)
            UNION ALL
            SELECT CASE WHEN m.created_at < @time THEN m.seq + 1 ELSE span.low END, CASE WHEN m.created_at < @time THEN span.high ELSE (span.low + span.high) / 2 END
            FROM span JOIN chat_messages m ON m.session_id = @session AND m.seq = (
                SELECT MIN(n.seq) FROM chat_messages n WHERE n.session_id = @session AND n.seq >= (span.low + span.high) / 2)
            WHERE span.low < span.high
        )
        SELECT MIN(seq) FROM chat_messages WHERE session_id = @session AND seq >= (SELECT MAX(low) FROM span)
        """;

    /// <summary>A page is a stretch of seqs without a hole in it, which spares both databases a list of ids.</summary>
    internal const string Reactions =
        """
        SELECT r.message_id AS MessageId, r.emoji AS Emoji, r.user_id AS UserId
        FROM chat_messages m CROSS JOIN chat_reactions r
        WHERE m.session_id = @session AND m.seq >= @first AND m.seq <= @last AND r.message_id = m.message_id ORDER BY r.seq
        """;

    /// <summary>
    /// UTF-16 units of text after which a page ends before its limit: fifty of the longest messages, which is what a page has unless told. It is held until a slow
    /// reader has taken it, and two hundred answers of agents are 80 MB.
    /// </summary>
    internal const int PageUnits = 50 * Limits.Content;

    private const string Columns =
        """
        SELECT session_id AS SessionId, message_id AS MessageId, seq AS Seq, sender_type AS SenderType, sender_id AS SenderId, sender_name AS SenderName,
            message_type AS MessageType, content AS Content, metadata_raw AS Metadata, tokens_used AS TokensUsed, latency_ms AS LatencyMs, status AS Status,
            reply_to AS ReplyTo, is_edited AS IsEdited, edited_at AS EditedAt, is_deleted AS IsDeleted, created_at AS CreatedAt
        FROM chat_messages
        """;

    public static async Task<MessagePage?> PageAsync(
        DbTransaction transaction, SessionId session, HistoryCursor? before, HistoryCursor? after, int limit, CancellationToken cancellation)
    {
        var low = after is { } a ? await SeqOfAsync(transaction, session, a, isUpper: false, cancellation) : 0;
        var high = before is { } b ? await SeqOfAsync(transaction, session, b, isUpper: true, cancellation) : long.MaxValue;
        if (low is null || high is null)
        {
            return null;
        }
        var isForward = after is not null;
        var rows = await RowsAsync(
            transaction,
            isForward ? PageForward : PageBackward,
            new { session = session.Value, after = low.Value, before = high.Value, limit = limit + 1L },
            cancellation);
        var kept = Fitting(rows, limit);
        var hasMore = rows.Count > kept;
        rows.RemoveRange(kept, rows.Count - kept);
        if (!isForward)
        {
            rows.Reverse();
        }
        var total = await transaction.Connection!.ExecuteScalarAsync<int>(new CommandDefinition(
            "SELECT message_count FROM chat_sessions WHERE session_id = @session", new { session = session.Value }, transaction, cancellationToken: cancellation));
        rows = await WithFilesAsync(transaction, session, rows, cancellation);
        return new MessagePage(await WithReactionsAsync(transaction, session, rows, cancellation), hasMore, total);
    }

    public static async Task<MessageRow?> FindAsync(DbTransaction transaction, SessionId session, MessageId message, CancellationToken cancellation)
    {
        var rows = await RowsAsync(
            transaction, $"{Columns} WHERE message_id = @message AND session_id = @session", new { session = session.Value, message = message.Value }, cancellation);
        rows = await WithFilesAsync(transaction, session, rows, cancellation);
        return (await WithReactionsAsync(transaction, session, rows, cancellation)).SingleOrDefault();
    }

    public static async Task<IReadOnlyList<MessageRow>> ConversationAsync(
        DbTransaction transaction, SessionId session, long last, int limit, CancellationToken cancellation)
    {
        var rows = await RowsAsync(transaction, Conversation, new { session = session.Value, last, limit }, cancellation);
        rows.Reverse();
        return await WithFilesAsync(transaction, session, rows, cancellation);
    }

    /// <summary>The seq that an exclusive bound at the cursor has; null where it names a message that is not there.</summary>
    private static async Task<long?> SeqOfAsync(
        DbTransaction transaction, SessionId session, HistoryCursor cursor, bool isUpper, CancellationToken cancellation)
    {
        if (cursor.Seq is { } seq)
        {
            return seq;
        }
        if (cursor.Message is { } message)
        {
            return await ScalarAsync(
                "SELECT seq FROM chat_messages WHERE message_id = @message AND session_id = @session", new { session = session.Value, message = message.Value });
        }
        // Stored times are whole milliseconds: what is before a time within one is before the next, as is what is not after it. The last one has none.
        var time = cursor.Time!.Value.ToMilliseconds();
        if (time == DateTimeOffset.MaxValue.ToMilliseconds())
        {
            return long.MaxValue;
        }
        var next = isUpper && time == cursor.Time ? time : time.AddMilliseconds(1);
        var first = await ScalarAsync(FirstFrom, new { session = session.Value, time = new StoredTime(next) }) ?? long.MaxValue;
        return isUpper ? first : first - 1;

        Task<long?> ScalarAsync(string sql, object arguments) =>
            transaction.Connection!.ExecuteScalarAsync<long?>(new CommandDefinition(sql, arguments, transaction, cancellationToken: cancellation));
    }

    /// <summary>How many of the rows make a page; one at least, where there is any.</summary>
    private static int Fitting(List<MessageRow> rows, int limit)
    {
        var (count, units) = (0, 0);
        while (count < Math.Min(limit, rows.Count) && units < PageUnits)
        {
            units += (rows[count].Content?.Length ?? 0) + (rows[count].Metadata?.Length ?? 0);
            count++;
        }
        return count;
    }

    private static async Task<List<MessageRow>> RowsAsync(DbTransaction transaction, string sql, object arguments, CancellationToken cancellation)
    {
        var rows = await transaction.Connection!.QueryAsync<Stored>(new CommandDefinition(sql, arguments, transaction, cancellationToken: cancellation));
        return [.. rows.Select(row => row.ToRow())];
    }

    /// <param name="rows">By their seqs.</param>
    private static async Task<List<MessageRow>> WithFilesAsync(DbTransaction transaction, SessionId session, List<MessageRow> rows, CancellationToken cancellation)
    {
        if (!rows.Exists(row => row is { MessageType: "file", IsDeleted: false }))
        {
            return rows;
        }
        var files = await FileQueries.OfPageAsync(transaction, session, rows[0].Seq, rows[^1].Seq, cancellation);
        return rows.ConvertAll(row => files.TryGetValue(row.MessageId.Value, out var file) ? row with { File = file } : row);
    }

    private static async Task<List<MessageRow>> WithReactionsAsync(
        DbTransaction transaction, SessionId session, List<MessageRow> rows, CancellationToken cancellation)
    {
        if (rows.Count == 0)
        {
            return rows;
        }
        var reactions = (await transaction.Connection!.QueryAsync<StoredReaction>(new CommandDefinition(
            Reactions, new { session = session.Value, first = rows[0].Seq, last = rows[^1].Seq }, transaction, cancellationToken: cancellation)))
            .ToLookup(reaction => reaction.MessageId);
        return reactions.Count == 0 ? rows : rows.ConvertAll(row => row with { Reactions = Group(reactions[row.MessageId.Value]) });
    }

    private static List<ReactionRow> Group(IEnumerable<StoredReaction> reactions) =>
        [.. reactions.GroupBy(reaction => reaction.Emoji).Select(group => new ReactionRow(group.Key, group.Count(), [.. group.Select(reaction => reaction.UserId)]))];

    private sealed class StoredReaction
    {
        public string MessageId { get; init; } = "";
        public string Emoji { get; init; } = "";
        public string UserId { get; init; } = "";
    }

    private sealed class Stored
    {
        public string SessionId { get; init; } = "";
        public string MessageId { get; init; } = "";
        public long Seq { get; init; }
        public string SenderType { get; init; } = "";
        public string SenderId { get; init; } = "";
        public string SenderName { get; init; } = "";
        public string MessageType { get; init; } = "";
        public string? Content { get; init; }
        public string? Metadata { get; init; }
        public int? TokensUsed { get; init; }
        public int? LatencyMs { get; init; }
        public string? Status { get; init; }
        public string? ReplyTo { get; init; }
        public bool IsEdited { get; init; }
        public StoredTime? EditedAt { get; init; }
        public bool IsDeleted { get; init; }
        public StoredTime CreatedAt { get; init; }

        public MessageRow ToRow() => new()
        {
            SessionId = new(SessionId),
            MessageId = new(MessageId),
            Seq = Seq,
            SenderType = SenderType,
            SenderId = SenderId,
            SenderName = SenderName,
            MessageType = MessageType,
            Content = Content,
            Metadata = Metadata,
            TokensUsed = TokensUsed,
            LatencyMs = LatencyMs,
            Status = Status,
            ReplyTo = ReplyTo is null ? null : new(ReplyTo),
            IsEdited = IsEdited,
            EditedAt = EditedAt?.Value,
            IsDeleted = IsDeleted,
            CreatedAt = CreatedAt.Value,
        };
    }
}
