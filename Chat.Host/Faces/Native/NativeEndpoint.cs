using Chat.Actors.Delivery;
using Chat.Host.Auth;
using Chat.Host.Connections;
using Chat.Host.Endpoints;
using Chat.Protocol;

namespace Chat.Host.Faces.Native;

/// <summary><c>/ws/{session_id}</c>: the native WebSocket (seed 003).</summary>
internal static class NativeEndpoint
{
    public static void MapNative(this IEndpointRouteBuilder app) => app.Map(
        "/ws/{session_id}",
        (HttpContext context, string session_id, FaceSockets sockets, NativeServices services) =>
            sockets.RunAsync(context, "native", context => AdmitAsync(context, new SessionId(session_id), services)))
        .ExcludeFromDescription();

    private static async ValueTask<Entrance> AdmitAsync(HttpContext context, SessionId session, NativeServices services)
    {
        var authenticated = await services.Authenticator.AuthenticateAsync(context, CredentialPlaces.Socket);
        if (!authenticated.IsAccepted(out var identity))
        {
            return Entrance.Refused(authenticated);
        }
        if (!SessionId.IsWellFormed(session.Value))
        {
            return Entrance.Refused(CloseCode.Refused, "Session not found");
        }
        if (!Entrance.TryReadSince(context, out var since))
        {
            return Entrance.Refused(CloseCode.Refused, "since must be a seq");
        }
        var caller = identity.ToCaller();
        if (await services.OpenSessions.JoinAsync(session, caller, withAgent: true) is { } refused)
        {
            return Entrance.Refused(refused);
        }
        return new Entrance
        {
            Session = session,
            Caller = caller,
            Who = new Person(identity.UserId, identity.Name),
            ExpiresAt = identity.ExpiresAt,
            Since = since,
            Open = entered =>
            {
                entered.Hub.Open(entered.Subscriber, NativeReplies.Connected(session, identity.UserId, entered.View.Head, services.Common.Time.GetUtcNow()));
                return new NativeConnection(services, entered);
            },
        };
    }
}
