using Chat.Host.Configuration;
using Chat.Tests.Support;

namespace Chat.Tests.Seeds;

/// <summary>
/// A server for scripts that have <c>localhost:8003</c> written in them. It listens on a free port, since a developer's own server may have that one;
/// the programs that run the scripts are told where the name leads, so that the scripts need no change.
/// </summary>
internal static class SeedServer
{
    public const int WrittenPort = 8003;

    public static Task<TestServer> StartAsync() => TestServer.StartAsync(o => o with { Mode = ChatMode.Development });
}
