using Chat.Protocol;

namespace Chat.Actors.Persistence;

/// <summary>
/// Writes of what session lists are read from: a member's row carries its session's status, agent and activity, so that the list is a stretch of one index, and
/// <c>chat_list_totals</c> says how long it is. Only sessions of a few members are carried; the others, of which a user has few, are looked up when it is read.
/// What is carried follows from the rows as they are at a batch's end, not from the way to them, so that a rebuild comes to the same.
/// </summary>
internal static class ListStatements
{
    /// <summary>Members of a session that is carried.</summary>
    internal const int MostCarried = 32;

    /// <summary><c>chat_list_totals.agent_id</c> of the count over all agents and none.</summary>
    internal const int AnyAgent = -1;

    /// <summary>The session's id where it is carried, else null: of a room of thousands no member's row is looked at.</summary>
    private const string Carried = "(SELECT session_id FROM chat_sessions WHERE session_id = $1 AND is_carried)";

    private static readonly string IsSmall =
        $"(SELECT COUNT(*) FROM (SELECT 1 FROM chat_members WHERE session_id = $1 LIMIT {MostCarried + 1}) few) <= {MostCarried}";

    private const string AddSql =
        """
        INSERT INTO chat_list_totals (user_id, status, agent_id, sessions) VALUES ($1, 'active', $2, $3)
        ON CONFLICT (user_id, status, agent_id) DO UPDATE SET sessions = chat_list_totals.sessions + excluded.sessions
        """;

    private static readonly string CountSql =
        $"""
        INSERT INTO chat_list_totals (user_id, status, agent_id, sessions)
        SELECT user_id, status, {AnyAgent}, $2 FROM chat_members WHERE session_id = {Carried}
        UNION ALL
        SELECT user_id, status, agent_id, $2 FROM chat_members WHERE session_id = {Carried} AND agent_id IS NOT NULL
        ON CONFLICT (user_id, status, agent_id) DO UPDATE SET sessions = chat_list_totals.sessions + excluded.sessions
        """;

    private static readonly string CarrySql =
        $"""
        UPDATE chat_members
        SET (status, agent_id, last_activity_at) = (SELECT s.status, s.agent_id, s.last_activity_at FROM chat_sessions s WHERE s.session_id = $1 AND {IsSmall})
        WHERE session_id = (SELECT session_id FROM chat_sessions WHERE session_id = $1 AND (is_carried OR {IsSmall}))
        """;

    private static readonly string MarkSql = $"UPDATE chat_sessions SET is_carried = {IsSmall} WHERE session_id = $1";

    internal static string RiseSql { get; } = $"UPDATE chat_members SET last_activity_at = $2 WHERE session_id = {Carried}";

    /// <summary>Whether the event may change who has a session in which list; a new session comes into its lists as it is made.</summary>
    public static bool Moves(SessionEvent e) => e is SessionArchived or SessionRestored or ParticipantJoined or MemberAdded or MemberRemoved;

    /// <summary>Before the first event of a batch that moves the session.</summary>
    public static ReadStatement TakeOut(string session) => new(CountSql, [session, -1]);

    /// <summary>After the last event of that batch.</summary>
    public static IEnumerable<ReadStatement> PutBack(string session) =>
    [
        // The mark as it was and as it will be decide together whose rows change: it is set after them.
        new(CarrySql, [session]),
        new(MarkSql, [session]),
        new(CountSql, [session, 1]),
    ];

    /// <summary>The session stays in its lists and goes to their heads.</summary>
    public static ReadStatement Rise(string session, DateTimeOffset activeAt) => new(RiseSql, [session, activeAt]);

    /// <summary>
    /// Counts the carried sessions that a batch makes and does not move: once for each user, whose row would else have a version for each session, each to be
    /// walked over by the next.
    /// </summary>
    public static IEnumerable<ReadStatement> Add(IEnumerable<SessionCreated> made) => made
        .Where(IsCarried)
        .SelectMany(e => SessionStatements.MembersOf(e).SelectMany(member => Agents(e).Select(agent => (member.UserId, Agent: agent))))
        .CountBy(row => row)
        .Select(row => new ReadStatement(AddSql, [row.Key.UserId, row.Key.Agent, row.Value]));

    public static bool IsCarried(SessionCreated e) => SessionStatements.MembersOf(e).Count <= MostCarried;

    private static int[] Agents(SessionCreated e) => e.AgentId is { } agent ? [AnyAgent, agent] : [AnyAgent];
}
