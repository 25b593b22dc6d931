using Chat.Actors.Delivery;
using Chat.Actors.Persistence;
using Chat.Actors.Sessions;

namespace Chat.Host.Connections;

/// <summary>What every face's sockets work with.</summary>
/// <param name="MaxLag">Events that a reader may be behind.</param>
internal sealed record FaceServices(ISessionGateway Gateway, IJournal Journal, SessionHubs Hubs, ReadModel ReadModel, TimeProvider Time, int MaxLag);
