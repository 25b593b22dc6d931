using Chat.Protocol;
using Dapper;

namespace Chat.Actors.Persistence;

/// <summary>Where a database keeps the terms of messages, each under the ordering that is its row's <c>id</c>, and how it finds messages by them.</summary>
internal abstract class SearchIndex
{
    /// <summary>Whether the terms stand in the message's own row, in <c>search_terms</c>.</summary>
    public virtual bool IsColumn => false;

    /// <summary>After the message's row.</summary>
    public virtual IEnumerable<ReadStatement> Post(long ordering, int[] terms) => [];

    public virtual IEnumerable<ReadStatement> BeforeChange(MessageId message) => [];

    /// <summary>A message that is deleted gets none.</summary>
    public abstract ReadStatement AfterEdit(MessageId message, string content);

    public virtual IEnumerable<ReadStatement> AfterDelete(MessageId message) => [];

    /// <summary>Where to look in turn, below an ordering: the stretches' lower ends, falling, the last of them 0.</summary>
    public virtual IEnumerable<long> Ends(long before) => [0];

    /// <summary>
    /// A query for the newest ids that have all the terms, and the mark of one of the sessions: at least <c>@from</c> and below <c>@before</c>, at most <c>@limit</c>.
    /// </summary>
    /// <param name="sessions">Null: any.</param>
    public abstract string Find(int[] terms, int[]? sessions, long from, long before, DynamicParameters arguments);
}
