using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Protocol;

namespace Chat.Host.Endpoints;

/// <summary>Finds agents' answers in the log of their session.</summary>
internal static class RunPlaces
{
    private const int FirstPage = 64;
    private const int LargestPage = 1024;

    /// <summary>The answer that the event at the seq belongs to, and whether it is the answer's end; null where it belongs to none.</summary>
    /// <exception cref="JournalUnavailableException" />
    public static async ValueTask<(MessageId Run, bool IsEnd)?> RunAtAsync(this IJournal journal, SessionId session, long seq, CancellationToken cancellation) =>
        seq > 0 && await journal.ReadAsync(session.Value, seq - 1, limit: 1, cancellation) is [{ } stored] && stored.Seq == seq
            ? stored.Event switch
            {
                StreamStarted s => (s.MessageId, false),
                StreamChunk c => (c.MessageId, false),
                StreamEnded s => (s.MessageId, true),
                _ => null,
            }
            : null;

    /// <summary>
    /// A seq with all of the answer's events above it; null where the session has no such answer, or has it no more. One that waits may be asked for too.
    /// </summary>
    /// <exception cref="JournalUnavailableException" />
    public static async ValueTask<long?> BeforeRunAsync(this ChatNode node, SessionView view, MessageId run, CancellationToken cancellation)
    {
        if (view.OpenRuns.FirstOrDefault(open => open.MessageId == run) is { } open)
        {
            return open.StartSeq > 0 ? open.StartSeq - 1 : view.Head;
        }
        return await FindEndedAsync(node, view.SessionId, run, cancellation) is { } row
            ? await BeforeStartAsync(node.Journal, view.SessionId, run, row.Seq, cancellation)
            : null;
    }

    /// <summary>False for an answer that has been deleted: its chunks stand in the log for ever, but are shown no more.</summary>
    /// <exception cref="JournalUnavailableException" />
    public static async ValueTask<bool> HasRunAsync(this ChatNode node, SessionView view, MessageId run, CancellationToken cancellation) =>
        view.OpenRuns.Any(open => open.MessageId == run) || await FindEndedAsync(node, view.SessionId, run, cancellation) is not null;

    private static async ValueTask<MessageRow?> FindEndedAsync(ChatNode node, SessionId session, MessageId run, CancellationToken cancellation)
    {
        await node.ReadModel.WaitUntilCurrentAsync(cancellation);
        return await node.ReadModel.FindMessageAsync(session, run, cancellation) is { Status: not null, IsDeleted: false } row ? row : null;
    }

    /// <summary>The log is read forward only and history knows where an answer ended: the start is looked for in growing steps back from there.</summary>
    private static async ValueTask<long?> BeforeStartAsync(IJournal journal, SessionId session, MessageId run, long end, CancellationToken cancellation)
    {
        for (var (upper, page) = (end, FirstPage); upper > 0; page = Math.Min(page * 2, LargestPage))
        {
            var lower = Math.Max(0, upper - page);
            var events = await journal.ReadAsync(session.Value, lower, (int)(upper - lower), cancellation);
            if (events.FirstOrDefault(stored => stored.Event is StreamStarted s && s.MessageId == run) is { } start)
            {
                return start.Seq - 1;
            }
            upper = lower;
        }
        return null;
    }
}
