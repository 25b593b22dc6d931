using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Chat.Tests.Cluster;

/// <summary>A writer on a face that shows messages by <c>seq</c>, which reads as well: all messages, by its cursor over all its sockets.</summary>
internal abstract class RoamingFace(TestCluster cluster, int first, string session, string user, TimeSpan? pause) : RoamingWriter(cluster, first, session, user, pause)
{
    private long _cursor;

    /// <summary>As they came; to be asked for when it has ended.</summary>
    public List<(long Seq, string Content)> Posts { get; } = [];

    /// <summary>Seq of the last message.</summary>
    public long Cursor => Volatile.Read(ref _cursor);

    protected void NotePost(long seq, string content)
    {
        Assert.True(seq > Cursor, $"{User} has come to {Cursor} and is shown {seq} {content}");
        Volatile.Write(ref _cursor, seq);
        Posts.Add((seq, content));
    }
}

/// <summary>On the channel WebSocket.</summary>
internal sealed class RoamingChannel(TestCluster cluster, int first, string session, string channel, string user, TimeSpan? pause = null)
    : RoamingFace(cluster, first, session, user, pause)
{
    protected override Uri AddressOn(TestNode node) => node.SocketUri($"/api/v1/chat/ws/{channel}?since={Cursor}", User);

    protected override Task PostAsync(ClientWebSocket socket, int number, CancellationToken stop) =>
        SendAsync(socket, new { type = "MESG", message = Content(number), client_message_id = $"{number}" }, stop);

    protected override async Task<Answer?> ReadAsync(ClientWebSocket socket, CancellationToken stop)
    {
        var frame = await ReceiveAsync(socket, stop);
        if (frame.GetProperty("type").GetString() == "MESG")
        {
            NotePost(frame.GetProperty("seq").GetInt64(), frame.GetProperty("message").GetString()!);
        }
        return AnswerIn(frame);
    }
}

/// <summary>A member on Socket.IO over a WebSocket, whose messages are acknowledged by Socket.IO's own acknowledgements.</summary>
internal sealed class RoamingSocketIo(TestCluster cluster, int first, string session, string user, TimeSpan? pause = null)
    : RoamingFace(cluster, first, session, user, pause)
{
    /// <summary>Of the acknowledgement of the join; those of messages are above it.</summary>
    private const int Join = 0;

    private readonly string _session = session;

    protected override Uri AddressOn(TestNode node) => node.SocketUri("/socket.io/?EIO=4&transport=websocket");

    protected override async Task EnterAsync(ClientWebSocket socket, CancellationToken stop)
    {
        await SendPacketAsync(socket, "40", new { token = Node.TokenOf(User), since = Cursor }, stop);
        while (!(await ReadPacketAsync(socket, stop)).StartsWith("40", StringComparison.Ordinal))
        {
            // The handshake of Engine.IO.
        }
        await SendPacketAsync(socket, $"42{Join}", new object[] { "join_session", new { session_id = _session, nickname = User } }, stop);
        Answer? joined;
        while ((joined = await ReadAsync(socket, stop)) is null)
        {
            // What was missed since the cursor.
        }
        if (joined is { Error: { } error })
        {
            await RefuseAsync(error, stop);
            throw new WebSocketException("Not let in");
        }
    }

    protected override Task PostAsync(ClientWebSocket socket, int number, CancellationToken stop) =>
        SendPacketAsync(socket, $"42{number + 1}", new object[] { "send_message", new { message = Content(number), client_message_id = $"{number}" } }, stop);

    protected override async Task<Answer?> ReadAsync(ClientWebSocket socket, CancellationToken stop)
    {
        var packet = await ReadPacketAsync(socket, stop);
        switch (packet)
        {
            case "2":
                await SendBytesAsync(socket, "3"u8.ToArray(), stop);
                return null;
            case ['4', '3', ..]:
                var bracket = packet.IndexOf('[', StringComparison.Ordinal);
                return AnswerOf(int.Parse(packet.AsSpan(2, bracket - 2), System.Globalization.CultureInfo.InvariantCulture), JsonSerializer.Deserialize<JsonElement>(packet[bracket..])[0]);
            case ['4', '2', ..]:
                NoteEvent(JsonSerializer.Deserialize<JsonElement>(packet[2..]));
                return null;
            default:
                return null;
        }
    }

    private async Task<string> ReadPacketAsync(ClientWebSocket socket, CancellationToken stop)
    {
        var packet = Encoding.UTF8.GetString((await ReceiveBytesAsync(socket, stop)).Span);
        return packet is not (['4', '1' or '4', ..] or "1") ? packet : throw new WebSocketException($"Shown out: {packet}");
    }

    private static Answer AnswerOf(int id, JsonElement answer) =>
        !answer.GetProperty("ok").GetBoolean() ? new Answer(answer.GetProperty("error")) : new Answer(id - 1, id == Join ? 0 : answer.GetProperty("seq").GetInt64());

    private void NoteEvent(JsonElement arguments)
    {
        if (arguments[0].GetString() == "new_message")
        {
            NotePost(arguments[1].GetProperty("seq").GetInt64(), arguments[1].GetProperty("message").GetString()!);
        }
    }

    private static Task SendPacketAsync(ClientWebSocket socket, string kind, object data, CancellationToken stop) =>
        SendBytesAsync(socket, [.. Encoding.UTF8.GetBytes(kind), .. JsonSerializer.SerializeToUtf8Bytes(data)], stop);
}
