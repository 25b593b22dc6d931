using Chat.Actors.Persistence;
using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>
/// Names that are unique over all sessions and nodes. Each is a log of its own (<c>code:X</c>, <c>channel:Y</c>) whose first event wins, claimed
/// before the session is made.
/// </summary>
public sealed class SessionNames(IJournal journal, TimeProvider time)
{
    /// <summary>
    /// The claim that holds: this one, or the one that was there first. A claim whose session was never made may be used again by who made it.
    /// </summary>
    /// <param name="kind"><c>code</c> or <c>channel</c>.</param>
    /// <exception cref="JournalUnavailableException" />
    public async ValueTask<NameClaimed> ClaimAsync(string kind, string name, SessionId session, string by, CancellationToken cancellation = default)
    {
        var log = LogOf(kind, name);
        if (await ReadAsync(log, cancellation) is { } earlier)
        {
            return earlier;
        }
        var claim = new NameClaimed { At = time.GetUtcNow().ToMilliseconds(), SessionId = session, By = by };
        return await journal.AppendAsync(new AppendChain(log), expectedHead: 0, [claim]) == AppendResult.Committed
            ? claim
            : await ReadAsync(log, cancellation) ?? throw new JournalUnavailableException("A claim conflicts with one that cannot be read");
    }

    /// <summary>The session that the name leads to. It may not exist: a name is claimed before its session is made.</summary>
    /// <exception cref="JournalUnavailableException" />
    public async ValueTask<SessionId?> FindAsync(string kind, string name, CancellationToken cancellation = default) =>
        (await ReadAsync(LogOf(kind, name), cancellation))?.SessionId;

    private async ValueTask<NameClaimed?> ReadAsync(string log, CancellationToken cancellation) =>
        await journal.ReadAsync(log, afterSeq: 0, limit: 1, cancellation) is [{ Event: NameClaimed claim }] ? claim : null;

    private static string LogOf(string kind, string name) => $"{kind}:{name}";
}
