using Npgsql;
using NpgsqlTypes;

namespace Chat.Actors.Persistence;

/// <summary>
/// A statement of the projector for as many rows as follow each other: its arguments are arrays, each of what the single statements have for one of theirs. To start a
/// statement costs PostgreSQL more than most rows do.
/// </summary>
/// <param name="sql">Does what the single statements do in order.</param>
/// <param name="columns">Of the single statement's arguments. Lists of integers come last: arrays of arrays must be of one length, so they are one array, and two more of where each begins and ends.</param>
internal sealed class PostgresManyRows(string sql, params NpgsqlDbType[] columns)
{
    /// <summary>
    /// A join may begin at either side: a plan that was made for a small table would read a large one from end to end. It is planned each time, by the size that the table
    /// has by then; a statement that looks up each row by its key is planned once.
    /// </summary>
    public bool IsJoin { get; private init; }

    /// <summary>So many of the longest messages, with their terms, are some 50 MB; more at once spare little.</summary>
    public const int MostRows = 250;

    private const NpgsqlDbType Terms = NpgsqlDbType.Array | NpgsqlDbType.Integer;

    /// <summary>By the text of the single statement.</summary>
    private static readonly Dictionary<string, PostgresManyRows> All = new(ReferenceEqualityComparer.Instance)
    {
        [MessageStatements.PostSqlWithTerms] = new(
            $"""
            INSERT INTO chat_messages ({MessageStatements.PostColumns}, search_terms)
            SELECT id, session_id, message_id, seq, sender_type, sender_id, sender_name, message_type, content, metadata, metadata_raw, reply_to, created_at,
                {MessageStatements.LastOrdinal("m.session_id")}
                    + row_number() OVER (PARTITION BY session_id COLLATE "C" ORDER BY seq),
                {MessageStatements.LastOrdinalOfSender("m.session_id", "m.sender_type", "m.sender_id")}
                    + row_number() OVER (PARTITION BY session_id COLLATE "C", sender_type COLLATE "C", sender_id COLLATE "C" ORDER BY seq),
                $14[first_term:last_term]
            FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $15, $16) AS m (
                id, session_id, message_id, seq, sender_type, sender_id, sender_name, message_type, content, metadata, metadata_raw, reply_to, created_at,
                first_term, last_term)
            """,
            NpgsqlDbType.Bigint, NpgsqlDbType.Text, NpgsqlDbType.Text, NpgsqlDbType.Bigint, NpgsqlDbType.Text, NpgsqlDbType.Text, NpgsqlDbType.Text, NpgsqlDbType.Text,
            NpgsqlDbType.Text, NpgsqlDbType.Jsonb, NpgsqlDbType.Text, NpgsqlDbType.Text, NpgsqlDbType.Timestamp, Terms),
        [SessionStatements.TouchAlone] = Touch(""),
        [SessionStatements.TouchWithMessage] = Touch($", {SessionStatements.NewestMessage("change.session_id")}"),
        [ListStatements.RiseSql] = new(
            // OFFSET 0: sessions are chosen before members are looked at, of which one that is not carried may have thousands.
            """
            UPDATE chat_members m SET last_activity_at = change.active_at
            FROM (
                SELECT c.session_id, c.active_at FROM unnest($1, $2) AS c (session_id, active_at)
                JOIN chat_sessions s ON s.session_id = c.session_id AND s.is_carried OFFSET 0) change
            WHERE m.session_id = change.session_id
            """,
            NpgsqlDbType.Text, NpgsqlDbType.Timestamp)
        { IsJoin = true },
    };

    /// <summary>Null where each statement of that text runs by itself.</summary>
    public static PostgresManyRows? Of(string single) => All.GetValueOrDefault(single);

    public NpgsqlBatchCommand Command(IReadOnlyList<ReadStatement> rows)
    {
        var command = new NpgsqlBatchCommand(sql);
        for (var i = 0; i < columns.Length; i++)
        {
            var column = rows.Select(row => row.Arguments[i]);
            if (columns[i] == Terms)
            {
                AddTerms(command.Parameters, [.. column.Cast<int[]>()]);
            }
            else
            {
                Add(command.Parameters, columns[i], columns[i] switch
                {
                    NpgsqlDbType.Bigint => column.Cast<long>().ToArray(),
                    NpgsqlDbType.Integer => column.Cast<int>().ToArray(),
                    NpgsqlDbType.Timestamp => column.Select(value => value is DateTimeOffset time ? PostgresReadDatabase.Timestamp(time) : (DateTime?)null).ToArray(),
                    NpgsqlDbType.Jsonb => column.Select(value => (value as JsonArgument)?.Text).ToArray(),
                    _ => column.Cast<string?>().ToArray(),
                });
            }
        }
        return command;
    }

    private static PostgresManyRows Touch(string newestMessage) => new(
        $"""
        UPDATE chat_sessions s SET head_seq = change.head, updated_at = change.at, last_activity_at = COALESCE(change.active_at, s.last_activity_at),
            message_count = s.message_count + change.new_messages{newestMessage}
        FROM unnest($1, $2, $3, $4, $5) AS change (session_id, head, at, active_at, new_messages) WHERE s.session_id = change.session_id
        """,
        NpgsqlDbType.Text, NpgsqlDbType.Bigint, NpgsqlDbType.Timestamp, NpgsqlDbType.Timestamp, NpgsqlDbType.Integer)
    { IsJoin = true };

    private static void AddTerms(NpgsqlParameterCollection parameters, int[][] lists)
    {
        var all = new int[lists.Sum(list => list.Length)];
        var firsts = new int[lists.Length];
        var ends = new int[lists.Length];
        for (var (i, end) = (0, 0); i < lists.Length; i++)
        {
            lists[i].CopyTo(all, end);
            // PostgreSQL counts from 1.
            firsts[i] = end + 1;
            ends[i] = end += lists[i].Length;
        }
        Add(parameters, NpgsqlDbType.Integer, all);
        Add(parameters, NpgsqlDbType.Integer, firsts);
        Add(parameters, NpgsqlDbType.Integer, ends);
    }

    private static void Add(NpgsqlParameterCollection parameters, NpgsqlDbType element, Array values) =>
        parameters.Add(new() { Value = values, NpgsqlDbType = NpgsqlDbType.Array | element });
}
