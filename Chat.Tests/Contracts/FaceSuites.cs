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
}
