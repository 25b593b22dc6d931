using System.Reflection;
using Chat.Tests.Contracts.Faces;

namespace Chat.Tests.Contracts;

/// <summary>What the suites of <see cref="FaceContract"/> leave out: nothing without it standing here.</summary>
public sealed class FaceFeatureTests
{
    [Fact]
    public void A_suite_leaves_out_only_what_its_face_does_not_have_by_contract()
    {
        var suites = typeof(FaceContract).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(FaceContract)) && !t.IsAbstract);

        Assert.Equal(
        [
            "ChannelByWs: Lists, Count",
            "NativeByPython: Lists, Count",
            "NativeByWs: Lists, Count",
            "ParticipantByWs: Lists, Count",
            "RoomByPython: Resume, Presence, Count, Membership",
            "RoomByWs: Resume, Presence, Count, Membership",
            "SocketIoByPolling: Lists, Presence",
            "SocketIoByUpgrade: Lists, Presence",
            "SocketIoByWebSocket: Lists, Presence",
        ],
        suites.Select(Describe).Order(StringComparer.Ordinal));
    }

    private static string Describe(Type suite) =>
        $"{suite.Name}: {string.Join(", ", suite.GetCustomAttributes<LeavesOutAttribute>().Select(l => l.Feature).Order())}";
}
