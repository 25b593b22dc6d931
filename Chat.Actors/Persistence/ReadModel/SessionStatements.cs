using Chat.Protocol;

namespace Chat.Actors.Persistence;

/// <summary>Writes to <c>chat_sessions</c> and <c>chat_members</c>.</summary>
internal static class SessionStatements
{
    private const string TouchSession =
        """
        UPDATE chat_sessions SET head_seq = $2, updated_at = $3, last_activity_at = COALESCE($4, last_activity_at), message_count = message_count + $5
        """;

    internal static string TouchAlone { get; } = $"{TouchSession} WHERE session_id = $1";

    internal static string TouchWithMessage { get; } = $"{TouchSession}, {NewestMessage("$1")} WHERE session_id = $1";

    internal static string NewestMessage(string session) =>
        $"""
        (last_message, last_message_at) = (
            SELECT substr(content, 1, {EventProjection.LastMessageLength}), created_at FROM chat_messages
            WHERE session_id = {session} AND NOT is_deleted ORDER BY seq DESC LIMIT 1)
        """;

    public static IEnumerable<ReadStatement> Create(string session, SessionCreated e)
    {
        var (metadata, raw) = JsonText.Columns(e.Metadata);
        var isCarried = ListStatements.IsCarried(e);
        yield return new ReadStatement(
            """
            INSERT INTO chat_sessions (session_id, trace_id, user_id, agent_id, agent_name, title, metadata, metadata_raw,
                created_at, updated_at, last_activity_at, session_code, channel_url, is_open, is_carried)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $9, $10, $11, $12, $13)
            """,
            [session, e.TraceId, e.UserId, e.AgentId, e.AgentName, e.Title, metadata, raw, e.At, e.SessionCode, e.ChannelUrl, e.Open, isCarried]);
        foreach (var member in MembersOf(e))
        {
            yield return isCarried ? AddCarried(session, member, e) : SetMember(session, member);
        }
    }

    public static IReadOnlyList<Member> MembersOf(SessionCreated e) =>
        [.. e.Members.Prepend(new Member(e.UserId, e.UserName, "owner")).DistinctBy(member => member.UserId)];

    public static ReadStatement SetTitle(string session, string? title) =>
        new("UPDATE chat_sessions SET title = $2 WHERE session_id = $1", [session, title], MustChange: true);

    public static ReadStatement SetMetadata(string session, string? json)
    {
        var (metadata, raw) = JsonText.Columns(json);
        return new("UPDATE chat_sessions SET metadata = $2, metadata_raw = $3 WHERE session_id = $1", [session, metadata, raw], MustChange: true);
    }

    public static ReadStatement SetStatus(string session, string status, DateTimeOffset? endedAt) =>
        new("UPDATE chat_sessions SET status = $2, ended_at = $3 WHERE session_id = $1", [session, status, endedAt], MustChange: true);

    public static ReadStatement SetMember(string session, Member member) => new(
        """
        INSERT INTO chat_members (session_id, user_id, name, role) VALUES ($1, $2, $3, $4)
        ON CONFLICT (session_id, user_id) DO UPDATE SET name = excluded.name, role = excluded.role
        """,
        [session, member.UserId, member.Name, member.Role]);

    private static ReadStatement AddCarried(string session, Member member, SessionCreated e) => new(
        "INSERT INTO chat_members (session_id, user_id, name, role, status, agent_id, last_activity_at) VALUES ($1, $2, $3, $4, 'active', $5, $6)",
        [session, member.UserId, member.Name, member.Role, e.AgentId, e.At]);

    public static ReadStatement RemoveMember(string session, string userId) =>
        new("DELETE FROM chat_members WHERE session_id = $1 AND user_id = $2", [session, userId]);

    /// <summary>The newest message is looked up only where the batch changed one.</summary>
    public static ReadStatement Touch(string session, SessionChange change) => new(
        change.MessagesChanged ? TouchWithMessage : TouchAlone,
        [session, change.Head, change.At, change.ActiveAt, change.NewMessages],
        MustChange: true);
}
