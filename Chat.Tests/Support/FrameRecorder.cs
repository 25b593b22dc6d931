using System.Collections.Concurrent;
using System.Text;

namespace Chat.Tests.Support;

/// <summary>Every different frame that the tests' clients of the native WebSocket have sent and received in this run.</summary>
internal static class FrameRecorder
{
    private static readonly ConcurrentDictionary<string, byte> SentFrames = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, byte> ReceivedFrames = new(StringComparer.Ordinal);

    public static IReadOnlyCollection<string> AllSent => [.. SentFrames.Keys];

    public static IReadOnlyCollection<string> AllReceived => [.. ReceivedFrames.Keys];

    public static void Sent(string frame) => SentFrames.TryAdd(frame, 0);

    public static void Received(byte[] frame) => ReceivedFrames.TryAdd(Encoding.UTF8.GetString(frame), 0);
}
