using Chat.Protocol;

namespace Chat.Actors.Persistence;

/// <summary>Writes to <c>chat_messages</c>, <c>chat_reactions</c> and <c>chat_open_runs</c>.</summary>
internal static class MessageStatements
{
    internal const string PostColumns =
        "id, session_id, message_id, seq, sender_type, sender_id, sender_name, message_type, content, metadata, metadata_raw, reply_to, created_at, ordinal, sender_ordinal";

    private const string EndColumns =
        "id, session_id, message_id, seq, sender_type, sender_id, sender_name, message_type, content, tokens_used, latency_ms, status, created_at, ordinal, sender_ordinal";

    private static readonly string PostValues =
        $"$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, {LastOrdinal("$2")} + 1, {LastOrdinalOfSender("$2", "$5", "$6")} + 1";

    private static readonly string EndValues =
        $"$1, $2, $3, $4, 'agent', $5, $6, 'stream', $7, $8, $9, $10, $11, {LastOrdinal("$2")} + 1, {LastOrdinalOfSender("$2", "'agent'", "$5")} + 1";

    private static readonly string PostSql = $"INSERT INTO chat_messages ({PostColumns}) VALUES ({PostValues})";
    private static readonly string EndSql = $"INSERT INTO chat_messages ({EndColumns}) VALUES ({EndValues})";
    private static readonly string EndSqlWithTerms = $"INSERT INTO chat_messages ({EndColumns}, search_terms) VALUES ({EndValues}, $12)";

    internal static string PostSqlWithTerms { get; } = $"INSERT INTO chat_messages ({PostColumns}, search_terms) VALUES ({PostValues}, $14)";

    /// <summary>What unread counts are differences of, 0 before the first message: a step into an index.</summary>
    internal static string LastOrdinal(string session) =>
        $"COALESCE((SELECT last.ordinal FROM chat_messages last WHERE last.session_id = {session} ORDER BY last.seq DESC LIMIT 1), 0)";

    /// <inheritdoc cref="LastOrdinal"/>
    internal static string LastOrdinalOfSender(string session, string senderType, string sender) =>
        $"""
        COALESCE((SELECT own.sender_ordinal FROM chat_messages own
            WHERE own.sender_id = {sender} AND own.session_id = {session} AND own.sender_type = {senderType} ORDER BY own.seq DESC LIMIT 1), 0)
        """;

    /// <param name="terms">Null where they do not stand in the row.</param>
    public static ReadStatement Post(StoredEvent stored, MessagePosted e, int[]? terms)
    {
        var (metadata, raw) = JsonText.Columns(e.Metadata);
        object?[] values =
        [
            stored.Ordering, stored.Log, e.MessageId.Value, stored.Seq, e.SenderType, e.SenderId, e.SenderName, e.MessageType, e.Content, metadata, raw, e.ReplyTo?.Value, e.At,
        ];
        return terms is null ? new(PostSql, values) : new(PostSqlWithTerms, [.. values, terms]);
    }

    /// <inheritdoc cref="Post"/>
    public static ReadStatement EndStream(StoredEvent stored, StreamEnded e, int[]? terms)
    {
        object?[] values = [stored.Ordering, stored.Log, e.MessageId.Value, stored.Seq, e.SenderId, e.SenderName, e.Content, e.TokensUsed, e.LatencyMs, e.Status, e.At];
        return terms is null ? new(EndSql, values) : new(EndSqlWithTerms, [.. values, terms]);
    }

    public static ReadStatement Edit(string session, MessageEdited e) => new(
        """
        UPDATE chat_messages SET content = CASE WHEN is_deleted THEN NULL ELSE $3 END, is_edited = TRUE, edited_at = $4
        WHERE session_id = $1 AND message_id = $2
        """,
        [session, e.MessageId.Value, e.Content, e.At],
        MustChange: true);

    /// <summary>What was said goes, and what was said about it; the place stays.</summary>
    public static ReadStatement Delete(string session, MessageId message) => new(
        """
        UPDATE chat_messages SET content = NULL, metadata = NULL, metadata_raw = NULL, file_id = NULL, is_deleted = TRUE
        WHERE session_id = $1 AND message_id = $2
        """,
        [session, message.Value],
        MustChange: true);

    public static ReadStatement RemoveReactions(MessageId message) => new("DELETE FROM chat_reactions WHERE message_id = $1", [message.Value]);

    public static ReadStatement React(long seq, ReactionChanged e) => e.Removed
        ? new("DELETE FROM chat_reactions WHERE message_id = $1 AND emoji = $2 AND user_id = $3", [e.MessageId.Value, e.Emoji, e.UserId])
        : new(
            """
            INSERT INTO chat_reactions (message_id, emoji, user_id, seq, created_at) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (message_id, emoji, user_id) DO NOTHING
            """,
            [e.MessageId.Value, e.Emoji, e.UserId, seq, e.At]);

    public static ReadStatement QueueRun(string session, RunQueued e) => new(
        "INSERT INTO chat_open_runs (message_id, session_id, agent_id, agent_name, prompt_id, queued_at) VALUES ($1, $2, $3, $4, $5, $6)",
        [e.MessageId.Value, session, e.AgentId, e.AgentName, e.PromptId.Value, e.At]);

    /// <summary>An outside agent's answer was never queued.</summary>
    public static ReadStatement StartRun(string session, StreamStarted e) => new(
        """
        INSERT INTO chat_open_runs (message_id, session_id, agent_id, agent_name, queued_at, started_at, streamed_by) VALUES ($1, $2, 0, $3, $4, $4, $5)
        ON CONFLICT (message_id) DO UPDATE SET started_at = excluded.started_at, streamed_by = excluded.streamed_by
        """,
        [e.MessageId.Value, session, e.SenderName, e.At, e.StreamedBy]);

    public static ReadStatement CloseRun(MessageId message) => new("DELETE FROM chat_open_runs WHERE message_id = $1", [message.Value]);
}
