using System.Collections.Concurrent;
using System.Globalization;
using System.Net.WebSockets;

namespace Chat.Tests.Cluster;

/// <summary>Sends numbered messages, a few ahead of their acknowledgements; on a new socket again from the first that was not acknowledged.</summary>
internal sealed class RoamingWriter(TestCluster cluster, int first, string session, string user, TimeSpan? pause = null) : Roamer(cluster, first)
{
    private const int Ahead = 5;

    private int _next;
    private int _done;

    public string User => user;

    /// <summary>Number to seq.</summary>
    public ConcurrentDictionary<int, long> Acked { get; } = new();

    /// <summary>Messages that the server said it would not take now: then the order of the numbers is not the log's.</summary>
    public int Refused { get; private set; }

    /// <summary>What no server should have said.</summary>
    public ConcurrentQueue<string> Faults { get; } = new();

    /// <summary>The content of a message.</summary>
    public string Content(int number) => $"{user}-{number}";

    protected override Uri AddressOn(TestNode node) => node.SocketUri($"/ws/{session}", user);

    protected override async Task TalkAsync(ClientWebSocket socket, CancellationToken stop)
    {
        _next = _done;
        while (true)
        {
            for (; _next < _done + Ahead; _next++)
            {
                await SendAsync(socket, new { type = "message", content = Content(_next), client_message_id = $"{_next}" }, stop);
            }
            State = $"{user} on {Node}: {_next} sent, {_done} acknowledged, {Refused} refused";
            var frame = await ReceiveAsync(socket, stop);
            switch (frame.GetProperty("type").GetString())
            {
                case "ack":
                    Note(int.Parse(frame.GetProperty("client_message_id").GetString()!, CultureInfo.InvariantCulture), frame.GetProperty("seq").GetInt64());
                    if (pause is { } time)
                    {
                        await Task.Delay(time, stop);
                    }
                    break;
                case "error" when frame.GetProperty("code").GetString() is "STORAGE_UNAVAILABLE" or "CLUSTER_UNAVAILABLE":
                    Refused++;
                    await Task.Delay(200, stop);
                    throw new WebSocketException("Refused for now");
                case "error":
                    Faults.Enqueue(frame.GetRawText());
                    break;
            }
        }
    }

    private void Note(int number, long seq)
    {
        if (Acked.GetOrAdd(number, seq) != seq)
        {
            Faults.Enqueue($"{number} was acknowledged as {Acked[number]} and as {seq}");
        }
        while (Acked.ContainsKey(_done))
        {
            _done++;
        }
    }
}
