using System.Data.Common;
using Chat.Protocol;

namespace Chat.Actors.Persistence;

/// <summary>
/// Lists, pages and single messages, out of the tables that the projector fills. A caller whose answer must show what was written before it first awaits
/// <see cref="WaitUntilCurrentAsync"/>.
/// </summary>
public sealed class ReadModel(ReadDatabase database, IJournal journal, Projector projector, ReadMarkers markers, TimeSpan readWait, TimeProvider time)
{
    /// <summary>Returns when the read model shows everything that was durable at the call, on whichever node.</summary>
    /// <exception cref="JournalUnavailableException">Not within the wait that this was made with.</exception>
    public async ValueTask WaitUntilCurrentAsync(CancellationToken cancellation = default)
    {
        var start = time.GetTimestamp();
        long target;
        try
        {
            target = await journal.ReadLastOrderingAsync(cancellation).AsTask().WaitAsync(readWait, time, cancellation);
        }
        catch (TimeoutException e)
        {
            throw new JournalUnavailableException("The journal did not say in time how far it goes", e);
        }
        if (!await projector.WaitAsync(target, readWait - time.GetElapsedTime(start), cancellation))
        {
            throw new JournalUnavailableException($"The read model is behind: it shows ordering {projector.Position}, the log has {target}");
        }
    }

    /// <summary>The user's sessions, newest activity first, ties by id.</summary>
    /// <exception cref="JournalUnavailableException" />
    public async ValueTask<SessionList> ListSessionsAsync(
        string userId, string status, int? agentId, int limit, int offset, CancellationToken cancellation = default)
    {
        await markers.FlushAsync(cancellation);
        return await InOneStateAsync(transaction => SessionQueries.ListAsync(transaction, userId, status, agentId, limit, offset, cancellation), cancellation);
    }

    /// <summary>Others' messages above the user's read marker that are not deleted.</summary>
    /// <exception cref="JournalUnavailableException" />
    public async ValueTask<int> UnreadCountAsync(string userId, SessionId session, CancellationToken cancellation = default)
    {
        await markers.FlushAsync(cancellation);
        return await InOneStateAsync(transaction => SessionQueries.UnreadAsync(transaction, userId, session, cancellation), cancellation);
    }

    /// <summary>
    /// Messages between the cursors, both exclusive, oldest first. Read forward from <paramref name="after"/> where there is one, else backward from
    /// <paramref name="before"/> or the end. A time stands before every message of its millisecond or after all of them, whichever excludes them: seq and
    /// message ids alone tell messages of one millisecond apart. Null where a cursor names a message that the session does not have.
    /// </summary>
    /// <exception cref="JournalUnavailableException" />
    public ValueTask<MessagePage?> PageMessagesAsync(
        SessionId session, HistoryCursor? before, HistoryCursor? after, int limit, CancellationToken cancellation = default) =>
        InOneStateAsync(transaction => MessageQueries.PageAsync(transaction, session, before, after, limit, cancellation), cancellation);

    /// <exception cref="JournalUnavailableException" />
    public ValueTask<MessageRow?> FindMessageAsync(SessionId session, MessageId message, CancellationToken cancellation = default) =>
        InOneStateAsync(transaction => MessageQueries.FindAsync(transaction, session, message, cancellation), cancellation);

    /// <summary>Null also where every message that showed it is deleted.</summary>
    /// <exception cref="JournalUnavailableException" />
    public ValueTask<FileRow?> FindFileAsync(string fileId, CancellationToken cancellation = default) =>
        InOneStateAsync(transaction => FileQueries.FindAsync(transaction, fileId, cancellation), cancellation);

    /// <summary>Of the hashes those whose bytes some message still shows.</summary>
    /// <exception cref="JournalUnavailableException" />
    public ValueTask<IReadOnlySet<string>> FindHashesAsync(IReadOnlyCollection<string> hashes, CancellationToken cancellation = default) =>
        InOneStateAsync(transaction => FileQueries.FindHashesAsync(transaction, hashes, cancellation), cancellation);

    /// <summary>Empty also where there is no such message.</summary>
    /// <exception cref="JournalUnavailableException" />
    public async ValueTask<IReadOnlyList<ReactionRow>> ReactionsAsync(SessionId session, MessageId message, CancellationToken cancellation = default) =>
        (await FindMessageAsync(session, message, cancellation))?.Reactions ?? [];

    /// <summary>The last messages up to a seq that are not deleted, oldest first, without their reactions: what an agent is told.</summary>
    /// <exception cref="JournalUnavailableException" />
    public ValueTask<IReadOnlyList<MessageRow>> ConversationAsync(
        SessionId session, long beforeOrAtSeq, int limit, CancellationToken cancellation = default) =>
        InOneStateAsync(transaction => MessageQueries.ConversationAsync(transaction, session, beforeOrAtSeq, limit, cancellation), cancellation);

    /// <summary>Waiting and running answers of all sessions, longest waiting first.</summary>
    /// <exception cref="JournalUnavailableException" />
    public ValueTask<IReadOnlyList<OpenRunRow>> OpenRunsAsync(CancellationToken cancellation = default) =>
        InOneStateAsync(transaction => SessionQueries.OpenRunsAsync(transaction, cancellation), cancellation);

    /// <summary>Null where the cursor names no message that may be read here.</summary>
    /// <exception cref="JournalUnavailableException">Also where nothing was found out within the time that a search has.</exception>
    public ValueTask<SearchPage?> SearchAsync(SearchRequest request, CancellationToken cancellation = default) =>
        InOneStateAsync(transaction => new MessageSearch(database, request, time).RunAsync(transaction, cancellation), cancellation);

    private async ValueTask<T> InOneStateAsync<T>(Func<DbTransaction, Task<T>> read, CancellationToken cancellation)
    {
        try
        {
            await using var connection = await database.OpenAsync(cancellation);
            await using var transaction = await database.BeginReadAsync(connection, cancellation);
            var result = await read(transaction);
            await transaction.CommitAsync(cancellation);
            return result;
        }
        catch (DbException e)
        {
            throw new JournalUnavailableException("The read model's database did not answer", e);
        }
    }
}
