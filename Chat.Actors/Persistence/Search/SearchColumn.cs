using Chat.Protocol;
using Dapper;

namespace Chat.Actors.Persistence;

/// <summary>
/// PostgreSQL's: a column of the messages with a GIN index. That gives rows in no order, all of them before the first; so the newest stretch of the log is asked
/// first, by the marks of its blocks, and a larger one where it has too little.
/// </summary>
internal sealed class SearchColumn : SearchIndex
{
    /// <summary>
    /// 2 blocks are 8,192 events at least: what one message of four hundred says fills a page from there, and of the most frequent word the index gives some thousand rows.
    /// Below 32 blocks, a quarter of a million events, are only words so rare that it gives few. More marks in one query cost more than they spare.
    /// </summary>
    private static readonly int[] Blocks = [2, 32];

    public override bool IsColumn => true;

    /// <summary>The marks stay, and a file's name; array_position looks for the end of its terms.</summary>
    public override ReadStatement AfterEdit(MessageId message, string content) => new(
        """
        UPDATE chat_messages SET search_terms = search_terms[1:COALESCE(array_position(search_terms, $3), 2)] || $2
        WHERE message_id = $1 AND NOT is_deleted
        """,
        [message.Value, SearchTerms.OfText(content), SearchTerms.EndOfName]);

    public override IEnumerable<ReadStatement> AfterDelete(MessageId message) =>
        [new("UPDATE chat_messages SET search_terms = NULL WHERE message_id = $1", [message.Value])];

    public override IEnumerable<long> Ends(long before)
    {
        var block = before - 1 >> SearchTerms.BlockBits;
        return [.. Blocks.Select(count => (block - count + 1) << SearchTerms.BlockBits).TakeWhile(end => end > 0), 0];
    }

    /// <summary>OFFSET 0 keeps the planner from reading backwards by id until enough was found, which for a rare word is the whole table.</summary>
    public override string Find(int[] terms, int[]? sessions, long from, long before, DynamicParameters arguments)
    {
        var found = "search_terms @> @terms";
        arguments.Add("terms", terms);
        if (sessions is not null)
        {
            found += " AND search_terms && @sessions";
            arguments.Add("sessions", sessions);
        }
        if (from > 0)
        {
            found += " AND search_terms && @blocks";
            var (first, last) = (from >> SearchTerms.BlockBits, before - 1 >> SearchTerms.BlockBits);
            arguments.Add("blocks", Enumerable.Range(0, (int)(last - first) + 1).Select(i => SearchTerms.OfBlock(first + i)).ToArray());
        }
        return $"SELECT id FROM (SELECT id FROM chat_messages WHERE {found} OFFSET 0) found WHERE id < @before AND id >= @from ORDER BY id DESC LIMIT @limit";
    }
}
