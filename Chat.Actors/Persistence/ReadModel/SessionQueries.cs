using System.Data.Common;
using Chat.Protocol;
using Dapper;

namespace Chat.Actors.Persistence;

/// <summary>Reads of sessions, unread counts and open runs, in SQL that both databases understand.</summary>
internal static class SessionQueries
{
    /// <summary>
    /// CROSS JOIN fixes SQLite's order of the tables: the user's memberships, then each session by its id. The inner select is cut to the page before
    /// anything is counted.
    /// </summary>
    internal const string Page =
        $"""
        SELECT page.*, {UnreadOfPage} AS UnreadCount FROM (
            SELECT s.session_id AS SessionId, s.trace_id AS TraceId, s.user_id AS OwnerId, s.agent_id AS AgentId, s.agent_name AS AgentName,
                s.title AS Title, s.status AS Status, s.metadata_raw AS Metadata, s.session_code AS SessionCode, s.channel_url AS ChannelUrl,
                s.is_open AS IsOpen, s.last_message AS LastMessage, s.last_message_at AS LastMessageAt, s.last_activity_at AS LastActivityAt,
                s.message_count AS MessageCount, s.head_seq AS HeadSeq, s.created_at AS CreatedAt, s.updated_at AS UpdatedAt, s.ended_at AS EndedAt
            {Mine}
            ORDER BY s.last_activity_at DESC, s.session_id LIMIT @limit OFFSET @offset) page
        ORDER BY page.LastActivityAt DESC, page.SessionId
        """;

    internal const string Count = $"SELECT COUNT(*) {Mine}";

    internal const string Unread = $"SELECT COUNT(*) FROM chat_messages m WHERE m.session_id = @session {AboveMarker}";

    private const string Mine =
        """
        FROM chat_members mine CROSS JOIN chat_sessions s
        WHERE mine.user_id = @user AND s.session_id = mine.session_id AND s.status = @status AND (@anyAgent OR s.agent_id = @agent)
        """;

    private const string UnreadOfPage = $"(SELECT COUNT(*) FROM chat_messages m WHERE m.session_id = page.SessionId {AboveMarker})";

    private const string AboveMarker =
        """
        AND m.seq > COALESCE((SELECT r.seq FROM chat_read_markers r WHERE r.user_id = @user AND r.session_id = m.session_id), 0)
        AND NOT m.is_deleted AND NOT (m.sender_id = @user AND m.sender_type = 'user')
        """;

    public static async Task<SessionList> ListAsync(
        DbTransaction transaction, string user, string status, int? agent, int limit, int offset, CancellationToken cancellation)
    {
        var arguments = new { user, status, anyAgent = agent is null, agent = agent ?? 0, limit, offset };
        var rows = await transaction.Connection!.QueryAsync<Stored>(new CommandDefinition(Page, arguments, transaction, cancellationToken: cancellation));
        var total = await transaction.Connection!.ExecuteScalarAsync<int>(new CommandDefinition(Count, arguments, transaction, cancellationToken: cancellation));
        var sessions = rows.Select(row => row.ToRow()).ToList();
        return new SessionList(sessions, total, offset + sessions.Count < total);
    }

    public static Task<int> UnreadAsync(DbTransaction transaction, string user, SessionId session, CancellationToken cancellation) =>
        transaction.Connection!.ExecuteScalarAsync<int>(
            new CommandDefinition(Unread, new { user, session = session.Value }, transaction, cancellationToken: cancellation));

    public static Task<long> MarkerAsync(DbConnection connection, string user, SessionId session, CancellationToken cancellation) =>
        connection.ExecuteScalarAsync<long>(new CommandDefinition(
            "SELECT seq FROM chat_read_markers WHERE user_id = @user AND session_id = @session", new { user, session = session.Value }, cancellationToken: cancellation));

    public static async Task<IReadOnlyList<OpenRunRow>> OpenRunsAsync(DbTransaction transaction, CancellationToken cancellation)
    {
        const string Sql =
            """
            SELECT session_id AS SessionId, message_id AS MessageId, agent_id AS AgentId, queued_at AS QueuedAt, started_at AS StartedAt
            FROM chat_open_runs ORDER BY queued_at, message_id
            """;
        var rows = await transaction.Connection!.QueryAsync<StoredRun>(new CommandDefinition(Sql, null, transaction, cancellationToken: cancellation));
        return [.. rows.Select(row => new OpenRunRow(new(row.SessionId), new(row.MessageId), row.AgentId, row.QueuedAt.Value, row.StartedAt?.Value))];
    }

    private sealed class Stored
    {
        public string SessionId { get; init; } = "";
        public string? TraceId { get; init; }
        public string OwnerId { get; init; } = "";
        public int? AgentId { get; init; }
        public string? AgentName { get; init; }
        public string? Title { get; init; }
        public string Status { get; init; } = "";
        public string? Metadata { get; init; }
        public string? SessionCode { get; init; }
        public string? ChannelUrl { get; init; }
        public bool IsOpen { get; init; }
        public string? LastMessage { get; init; }
        public StoredTime? LastMessageAt { get; init; }
        public StoredTime LastActivityAt { get; init; }
        public int MessageCount { get; init; }
        public int UnreadCount { get; init; }
        public long HeadSeq { get; init; }
        public StoredTime CreatedAt { get; init; }
        public StoredTime UpdatedAt { get; init; }
        public StoredTime? EndedAt { get; init; }

        public SessionRow ToRow() => new()
        {
            SessionId = new(SessionId),
            TraceId = TraceId,
            OwnerId = OwnerId,
            AgentId = AgentId,
            AgentName = AgentName,
            Title = Title,
            Status = Status,
            Metadata = Metadata,
            SessionCode = SessionCode,
            ChannelUrl = ChannelUrl,
            IsOpen = IsOpen,
            LastMessage = LastMessage,
            LastMessageAt = LastMessageAt?.Value,
            LastActivityAt = LastActivityAt.Value,
            MessageCount = MessageCount,
            UnreadCount = UnreadCount,
            HeadSeq = HeadSeq,
            CreatedAt = CreatedAt.Value,
            UpdatedAt = UpdatedAt.Value,
            EndedAt = EndedAt?.Value,
        };
    }

    private sealed class StoredRun
    {
        public string SessionId { get; init; } = "";
        public string MessageId { get; init; } = "";
        public int AgentId { get; init; }
        public StoredTime QueuedAt { get; init; }
        public StoredTime? StartedAt { get; init; }
    }
}
