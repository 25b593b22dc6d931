using System.Collections.Concurrent;
using System.Globalization;
using System.Net.WebSockets;
using System.Text.Json;

namespace Chat.Tests.Cluster;

/// <summary>
/// Sends numbered messages on the native WebSocket, a few ahead of their acknowledgements; on a new socket again from the first that was not acknowledged.
/// </summary>
internal class RoamingWriter(TestCluster cluster, int first, string session, string user, TimeSpan? pause = null) : Roamer(cluster, first)
{
    private const int Ahead = 5;

    private volatile bool _isSilent;
    private int _next;
    private int _done;

    public string User => user;

    /// <summary>Sends nothing any more, and goes on reading.</summary>
    public bool IsSilent
    {
        get => _isSilent;
        set => _isSilent = value;
    }

    /// <summary>Number to seq.</summary>
    public ConcurrentDictionary<int, long> Acked { get; } = new();

    /// <summary>Messages that the server said it would not take now: then the order of the numbers is not the log's.</summary>
    public int Refused { get; private set; }

    /// <summary>What no server should have said.</summary>
    public ConcurrentQueue<string> Faults { get; } = new();

    /// <summary>The content of a message.</summary>
    public string Content(int number) => $"{user}-{number}";

    protected override Uri AddressOn(TestNode node) => node.SocketUri($"/ws/{session}", user);

    /// <summary>What comes before the first message on a new socket.</summary>
    protected virtual Task EnterAsync(ClientWebSocket socket, CancellationToken stop) => Task.CompletedTask;

    protected virtual Task PostAsync(ClientWebSocket socket, int number, CancellationToken stop) =>
        SendAsync(socket, new { type = "message", content = Content(number), client_message_id = $"{number}" }, stop);

    /// <summary>The next frame's; null where it answers nothing.</summary>
    protected virtual async Task<Answer?> ReadAsync(ClientWebSocket socket, CancellationToken stop) => AnswerIn(await ReceiveAsync(socket, stop));

    protected static Answer? AnswerIn(JsonElement frame) => frame.GetProperty("type").GetString() switch
    {
        "ack" => new Answer(int.Parse(frame.GetProperty("client_message_id").GetString()!, CultureInfo.InvariantCulture), frame.GetProperty("seq").GetInt64()),
        "error" => new Answer(frame),
        _ => null,
    };

    protected override async Task TalkAsync(ClientWebSocket socket, CancellationToken stop)
    {
        await EnterAsync(socket, stop);
        _next = _done;
        while (true)
        {
            for (; !IsSilent && _next < _done + Ahead; _next++)
            {
                await PostAsync(socket, _next, stop);
            }
            State = $"{user} on {Node}: {_next} sent, {_done} acknowledged, {Refused} refused";
            switch (await ReadAsync(socket, stop))
            {
                case { Error: { } error }:
                    await RefuseAsync(error, stop);
                    break;
                case { } ack:
                    Note(ack.Number, ack.Seq);
                    if (pause is { } time)
                    {
                        await Task.Delay(time, stop);
                    }
                    break;
            }
        }
    }

    /// <exception cref="WebSocketException">It may be taken later: this socket has ended.</exception>
    protected async Task RefuseAsync(JsonElement error, CancellationToken stop)
    {
        if (error.GetProperty("code").GetString() is "STORAGE_UNAVAILABLE" or "CLUSTER_UNAVAILABLE")
        {
            Refused++;
            await Task.Delay(200, stop);
            throw new WebSocketException("Refused for now");
        }
        Faults.Enqueue(error.GetRawText());
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

    /// <summary>An acknowledgement, or a refusal with its <c>code</c>.</summary>
    protected readonly record struct Answer(int Number, long Seq, JsonElement? Error = null)
    {
        public Answer(JsonElement error)
            : this(0, 0, error)
        {
        }
    }
}
