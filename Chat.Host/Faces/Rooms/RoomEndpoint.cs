using Chat.Host.Auth;
using Chat.Host.Configuration;
using Chat.Host.Connections;
using Chat.Host.Endpoints;
using Chat.Protocol;

namespace Chat.Host.Faces.Rooms;

/// <summary><c>/ws/chat/{room_id}</c>: the room WebSocket (seed 002).</summary>
internal static class RoomEndpoint
{
    public static IServiceCollection AddRooms(this IServiceCollection services, ChatOptions options) => services.AddSingleton(provider => new RoomServices(
        provider.GetRequiredService<FaceServices>(), provider.GetRequiredService<Authenticator>(), provider.GetRequiredService<OpenSessions>(),
        new OpenRooms(provider.GetRequiredService<ChatNode>()), options.IsDevelopment));

    public static void MapRooms(this IEndpointRouteBuilder app) => app.Map(
        "/ws/chat/{room_id}",
        async (HttpContext context, string room_id, FaceSockets sockets, RoomServices services) =>
        {
            using var place = services.Rooms.Enter(SessionId.OfRoom(room_id));
            await sockets.RunAsync(context, "room", context => AdmitAsync(context, room_id, place.Room, services));
        })
        .ExcludeFromDescription();

    private static async ValueTask<Entrance> AdmitAsync(HttpContext context, string roomId, Room room, RoomServices services)
    {
        var authenticated = await services.Authenticator.AuthenticateAsync(context, CredentialPlaces.Socket);
        var isGuest = authenticated.Outcome == IdentityOutcome.Anonymous && services.IsDevelopment;
        if (!authenticated.IsAccepted(out var identity) && !isGuest)
        {
            return Entrance.Refused(authenticated);
        }
        if (!SessionId.IsRoomId(roomId))
        {
            return Entrance.Refused(CloseCode.Refused, "Session not found");
        }
        var session = SessionId.OfRoom(roomId);
        var caller = identity?.ToCaller() ?? RoomConnection.Guest;
        if (await services.OpenSessions.JoinAsync(session, caller, withAgent: false) is { } refused)
        {
            return Entrance.Refused(refused);
        }
        return new Entrance
        {
            Session = session,
            Caller = caller,
            Who = new Person(caller.UserId, caller.Name),
            Codec = room.Codec,
            ExpiresAt = identity?.ExpiresAt,
            Open = entered => new RoomConnection(services, entered, room, isGuest),
        };
    }
}
