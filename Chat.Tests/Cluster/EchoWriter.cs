using System.Net.WebSockets;
using System.Text.Json;

namespace Chat.Tests.Cluster;

/// <summary>A writer on a face that acknowledges nothing: what comes back on its socket is stored. What does not is not sent again, since nothing would name it.</summary>
internal sealed class EchoWriter(TestCluster cluster, int first, Func<TestNode, Uri> addressOn, string name, Func<string, object> frameOf, Func<JsonElement, IEnumerable<string>> contentsOf)
    : Roamer(cluster, first)
{
    private int _sent;

    public string Name => name;

    /// <summary>Own messages that have come back.</summary>
    public HashSet<string> Echoed { get; } = new(StringComparer.Ordinal);

    /// <summary>On the participant WebSocket of a joined participant.</summary>
    /// <param name="token">Of the join.</param>
    public static EchoWriter Participant(TestCluster cluster, int first, string code, string participant, string token, string name) => new(
        cluster, first, node => node.SocketUri($"/ws/{code}/{participant}?token={Uri.EscapeDataString(token)}"), name,
        content => new { type = "chat_message", content },
        frame => frame.GetProperty("type").GetString() == "chat_message" ? [frame.GetProperty("content").GetString()!] : []);

    public static EchoWriter Room(TestCluster cluster, int first, string room, string name) => new(
        cluster, first, node => node.SocketUri($"/ws/chat/{room}", name), name,
        content => new { username = name, content },
        frame => frame.GetProperty("type").GetString() == "messages" ? frame.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("content").GetString()!) : []);

    protected override Uri AddressOn(TestNode node) => addressOn(node);

    protected override async Task TalkAsync(ClientWebSocket socket, CancellationToken stop)
    {
        while (true)
        {
            var content = $"{name}:{_sent++}";
            await SendAsync(socket, frameOf(content), stop);
            State = $"{name} on {Node}: {_sent} sent, {Echoed.Count} came back";
            while (!Echoed.Contains(content))
            {
                var frame = await ReceiveAsync(socket, stop);
                if (frame.GetProperty("type").GetString() == "error")
                {
                    throw new WebSocketException(frame.GetRawText());
                }
                Echoed.UnionWith(contentsOf(frame).Where(text => text.StartsWith(name + ":", StringComparison.Ordinal)));
            }
            await Task.Delay(20, stop);
        }
    }
}
