using Chat.Actors.Sessions;
using Chat.Host.Auth;
using Chat.Protocol;

namespace Chat.Host.Endpoints;

/// <summary>From an address's ids to sessions: what is not in the form of an id names nothing.</summary>
internal static class SessionAccess
{
    private static readonly Rejected SessionNotFound = new(ErrorCode.NotFound, "Session not found");

    public static Caller ToCaller(this Identity identity) => new(identity.UserId, identity.Name, identity.IsAdmin, identity.IsAgent);

    /// <summary>Null where there is none that the caller may read.</summary>
    /// <exception cref="Actors.Persistence.JournalUnavailableException" />
    public static async ValueTask<SessionView?> FindAsync(this ISessionGateway gateway, string session, Identity identity, CancellationToken cancellation) =>
        SessionId.IsWellFormed(session) && await gateway.ReadAsync(new SessionId(session), cancellation) is { } view && view.MayRead(identity.ToCaller())
            ? view
            : null;

    public static ValueTask<Reply> AskAsync(this ISessionGateway gateway, string session, SessionCommand command, CancellationToken cancellation) =>
        SessionId.IsWellFormed(session) ? gateway.AskAsync(new SessionId(session), command, cancellation) : new(SessionNotFound);

    public static bool IsMessageId(string text) => text.Length > 0 && Limits.CheckText("message_id", text, Limits.Name) is null;
}
