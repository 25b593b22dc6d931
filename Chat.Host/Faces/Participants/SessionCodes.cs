using Chat.Actors.Sessions;
using Chat.Protocol;

namespace Chat.Host.Faces.Participants;

/// <summary>From the code that people know to its session.</summary>
internal sealed class SessionCodes(SessionNames names, ISessionGateway gateway)
{
    /// <summary>Null where the code leads to no session. Archived ones are found.</summary>
    /// <exception cref="Actors.Persistence.JournalUnavailableException" />
    public async ValueTask<SessionView?> FindAsync(string code, CancellationToken cancellation) =>
        SessionCode.IsWellFormed(code)
        && await names.FindAsync("code", code, cancellation) is { } session
        && await gateway.ReadAsync(session, cancellation) is { } view
        // A code may have been claimed for a session that then was made under another one.
        && view.SessionCode == code
            ? view
            : null;
}
