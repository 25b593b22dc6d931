using Chat.Host.Configuration;

namespace Chat.Tests.Support;

/// <summary>What the servers of this run keep their sessions on: <c>CHAT_TEST_ENGINE=akka</c> runs the same suites over the other engine.</summary>
public static class TestEngine
{
    public static ChatEngine Value { get; } = Environment.GetEnvironmentVariable("CHAT_TEST_ENGINE") switch
    {
        null or "" or "channels" => ChatEngine.Channels,
        "akka" => ChatEngine.Akka,
        var other => throw new InvalidOperationException($"CHAT_TEST_ENGINE={other} names no engine"),
    };

    public static bool IsAkka => Value == ChatEngine.Akka;
}
