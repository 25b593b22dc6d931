using System.Data.Common;
using Chat.Protocol;
using Dapper;

namespace Chat.Actors.Persistence;

/// <summary>Reads of sessions, unread counts and open runs, in SQL that both databases understand.</summary>
internal static class SessionQueries
{
    /// <summary>
    /// The head of the user's carried sessions is read in the index's order, as far as the page reaches, and merged with those that are looked up. CROSS JOIN fixes
    /// SQLite's order of the tables.
    /// </summary>
    internal const string Page =
        $"""
        SELECT s.session_id AS SessionId, s.trace_id AS TraceId, s.user_id AS OwnerId, s.agent_id AS AgentId, s.agent_name AS AgentName,
            s.title AS Title, s.status AS Status, s.metadata_raw AS Metadata, s.session_code AS SessionCode, s.channel_url AS ChannelUrl,
            s.is_open AS IsOpen, s.last_message AS LastMessage, s.last_message_at AS LastMessageAt, s.last_activity_at AS LastActivityAt,
            s.message_count AS MessageCount, s.head_seq AS HeadSeq, s.created_at AS CreatedAt, s.updated_at AS UpdatedAt, s.ended_at AS EndedAt,
            {UnreadOf} AS UnreadCount
        FROM (
            SELECT session_id, last_activity_at FROM (
                SELECT session_id, last_activity_at FROM chat_members
                WHERE user_id = @user AND status = @status AND (@anyAgent OR agent_id = @agent)
                ORDER BY last_activity_at DESC, session_id LIMIT @reach) carried
            UNION ALL
            SELECT s.session_id, s.last_activity_at {LookedUp}
            ORDER BY last_activity_at DESC, session_id LIMIT @limit OFFSET @offset) page
        CROSS JOIN chat_sessions s
        WHERE s.session_id = page.session_id
        ORDER BY page.last_activity_at DESC, page.session_id
        """;

    internal const string Total =
        $"""
        SELECT COALESCE((SELECT sessions FROM chat_list_totals WHERE user_id = @user AND status = @status AND agent_id = @agent), 0)
            + (SELECT COUNT(*) {LookedUp})
        """;

    internal const string Unread = $"SELECT {UnreadOf} FROM chat_sessions s WHERE s.session_id = @session";

    private const string LookedUp =
        """
        FROM chat_members mine CROSS JOIN chat_sessions s
        WHERE mine.user_id = @user AND mine.status IS NULL AND s.session_id = mine.session_id AND s.status = @status AND (@anyAgent OR s.agent_id = @agent)
        """;

    /// <summary>
    /// Messages above the marker, without the user's own, without the deleted ones of others. The first two are differences of ordinals; only deleted messages
    /// above the marker are counted one by one.
    /// </summary>
    private const string UnreadOf =
        $"""
        s.message_count
        - COALESCE((SELECT m.ordinal FROM chat_messages m WHERE m.session_id = s.session_id AND m.seq <= {Marker} ORDER BY m.seq DESC LIMIT 1), 0)
        - COALESCE((SELECT m.sender_ordinal {Own} ORDER BY m.seq DESC LIMIT 1), 0)
        + COALESCE((SELECT m.sender_ordinal {Own} AND m.seq <= {Marker} ORDER BY m.seq DESC LIMIT 1), 0)
        - (SELECT COUNT(*) FROM chat_messages m
            WHERE m.session_id = s.session_id AND m.seq > {Marker} AND m.is_deleted AND NOT (m.sender_id = @user AND m.sender_type = 'user'))
        """;

    private const string Marker = "COALESCE((SELECT r.seq FROM chat_read_markers r WHERE r.user_id = @user AND r.session_id = s.session_id), 0)";

    private const string Own = "FROM chat_messages m WHERE m.sender_id = @user AND m.session_id = s.session_id AND m.sender_type = 'user'";

    /// <summary>The page costs what its offset reaches over, in rows of one index; and, where it is of one agent, those between that are others'.</summary>
    public static async Task<SessionList> ListAsync(
        DbTransaction transaction, string user, string status, int? agent, int limit, int offset, CancellationToken cancellation)
    {
        var of = new { user, status, anyAgent = agent is null, agent = agent ?? ListStatements.AnyAgent };
        var total = await transaction.Connection!.ExecuteScalarAsync<int>(new CommandDefinition(Total, of, transaction, cancellationToken: cancellation));
        if (offset >= total)
        {
            return new SessionList([], total, HasMore: false);
        }
        // Nobody looks for a row more than there are.
        var arguments = new { of.user, of.status, of.anyAgent, of.agent, reach = (int)Math.Min(offset + (long)limit, total), limit, offset };
        var rows = await transaction.Connection!.QueryAsync<Stored>(new CommandDefinition(Page, arguments, transaction, cancellationToken: cancellation));
        var sessions = rows.Select(row => row.ToRow()).ToList();
        return new SessionList(sessions, total, offset + sessions.Count < total);
    }

    /// <summary>0 where there is no such session.</summary>
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
