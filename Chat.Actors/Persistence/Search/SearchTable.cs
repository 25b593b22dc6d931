using Chat.Protocol;
using Dapper;

namespace Chat.Actors.Persistence;

/// <summary>
/// SQLite's: the full-text table <c>chat_search</c>, which keeps no text of its own and gives the newest rows first. To be taken out again, a message's terms are
/// made once more of what its row says.
/// </summary>
internal sealed class SearchTable : SearchIndex
{
    /// <summary>An SQL function of session, content and file name.</summary>
    public const string TermsFunction = "search_terms";

    private const string OfRow =
        $"""
        id, {TermsFunction}(session_id, content, (SELECT f.file_name FROM chat_files f WHERE f.file_id = chat_messages.file_id))
        FROM chat_messages WHERE message_id = $1 AND content IS NOT NULL
        """;

    public static string Terms(string session, string content, string? fileName) => SearchTerms.ToText(SearchTerms.OfMessage(session, 0, content, fileName));

    public override IEnumerable<ReadStatement> Post(long ordering, int[] terms) =>
        [new("INSERT INTO chat_search (rowid, terms) VALUES ($1, $2)", [ordering, SearchTerms.ToText(terms)])];

    public override IEnumerable<ReadStatement> BeforeChange(MessageId message) =>
        [new($"INSERT INTO chat_search (chat_search, rowid, terms) SELECT 'delete', {OfRow}", [message.Value])];

    public override ReadStatement AfterEdit(MessageId message, string content) => new($"INSERT INTO chat_search (rowid, terms) SELECT {OfRow}", [message.Value]);

    public override string Find(int[] terms, int[]? sessions, long from, long before, DynamicParameters arguments)
    {
        var all = Join(" AND ", terms);
        arguments.Add("match", sessions is null ? all : $"{all} AND ({Join(" OR ", sessions)})");
        return "SELECT rowid AS id FROM chat_search WHERE chat_search MATCH @match AND rowid < @before AND rowid >= @from ORDER BY rowid DESC LIMIT @limit";
    }

    /// <summary>No term has a quote in it.</summary>
    private static string Join(string word, int[] terms) =>
        string.Join(word, SearchTerms.ToText(terms).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(term => $"\"{term}\""));
}
