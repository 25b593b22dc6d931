using Chat.Tests.Contracts.Faces;
using Chat.Tests.Support;

namespace Chat.Tests.Contracts;

/// <summary>The contract over every face, by every client library that people would use for it.</summary>
public static class FaceSuites
{
    [RequiresNodeClients]
    [LeavesOut(Feature.Lists, "It shows frames")]
    [LeavesOut(Feature.Count, "It names people")]
    public sealed class NativeByWs(FaceWorld world) : FaceContract(world, new NativeFace(ClientLibrary.Ws));

    [RequiresPythonClients]
    [LeavesOut(Feature.Lists, "It shows frames")]
    [LeavesOut(Feature.Count, "It names people")]
    public sealed class NativeByPython(FaceWorld world) : FaceContract(world, new NativeFace(ClientLibrary.WebSockets));

    [RequiresNodeClients]
    [LeavesOut(Feature.Lists, "It shows frames")]
    [LeavesOut(Feature.Count, "It names people")]
    public sealed class ParticipantByWs(FaceWorld world) : FaceContract(world, new ParticipantFace(ClientLibrary.Ws));

    [RequiresNodeClients]
    public sealed class RoomByWs(FaceWorld world) : RoomContract(world, ClientLibrary.Ws);

    [RequiresPythonClients]
    public sealed class RoomByPython(FaceWorld world) : RoomContract(world, ClientLibrary.WebSockets);

    [RequiresNodeClients]
    [LeavesOut(Feature.Lists, "It shows frames")]
    [LeavesOut(Feature.Count, "It names people")]
    public sealed class ChannelByWs(FaceWorld world) : FaceContract(world, new ChannelFace(ClientLibrary.Ws));

    public sealed class SocketIoByWebSocket(FaceWorld world) : SocketIoContract(world, "websocket");

    public sealed class SocketIoByUpgrade(FaceWorld world) : SocketIoContract(world, "polling", "websocket");

    public sealed class SocketIoByPolling(FaceWorld world) : SocketIoContract(world, "polling");

    [LeavesOut(Feature.Resume, "A room has no cursor: it shows the newest messages")]
    [LeavesOut(Feature.Presence, "A room does not show who is there")]
    [LeavesOut(Feature.Count, "A room does not show who is there")]
    [LeavesOut(Feature.Membership, "A room is open to every valid token")]
    public abstract class RoomContract(FaceWorld world, ClientLibrary library) : FaceContract(world, new RoomFace(library));

    [RequiresNodeClients]
    [LeavesOut(Feature.Lists, "It shows events")]
    [LeavesOut(Feature.Presence, "It counts people")]
    public abstract class SocketIoContract(FaceWorld world, params string[] transports) : FaceContract(world, new SocketIoFace(transports));
}
