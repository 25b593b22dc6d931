using Chat.Actors.Persistence;
using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>
/// Names that are unique over all sessions and nodes. Each is a log of its own (<c>code:X</c>, <c>channel:Y</c>) whose first event wins, claimed
/// before the session is made.
/// </summary>
public sealed class SessionNames(IJournal journal, TimeProvider time)
{
    /// <summary>True when the name is that session's: now, or already.</summary>
    /// <param name="kind"><c>code</c> or <c>channel</c>.</param>
    /// <exception cref="JournalUnavailableException" />
    public async ValueTask<bool> ClaimAsync(string kind, string name, SessionId session, string by, CancellationToken cancellation = default)
    {
        var log = LogOf(kind, name);
        if (await FindAsync(kind, name, cancellation) is { } owner)
        {
            return owner == session;
        }
        var claim = new NameClaimed { At = time.GetUtcNow().ToMilliseconds(), SessionId = session, By = by };
        return await journal.AppendAsync(new AppendChain(log), expectedHead: 0, [claim]) == AppendResult.Committed
            || await FindAsync(kind, name, cancellation) == session;
    }

    /// <exception cref="JournalUnavailableException" />
    public async ValueTask<SessionId?> FindAsync(string kind, string name, CancellationToken cancellation = default) =>
        await journal.ReadAsync(LogOf(kind, name), afterSeq: 0, limit: 1, cancellation) is [{ Event: NameClaimed claim }] ? claim.SessionId : null;

    private static string LogOf(string kind, string name) => $"{kind}:{name}";
}
