using System.Net.WebSockets;
using System.Text.Json;

namespace Chat.Tests.Cluster;

/// <summary>A client that is never without a socket for long: when its node goes, or says nothing for a while, it takes the next one.</summary>
internal abstract class Roamer(TestCluster cluster, int first)
{
    /// <summary>A node that says nothing for so long is left: it may have been stopped with its sockets open.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2);

    private readonly byte[] _buffer = new byte[512 * 1024];
    private int _turn = first;

    /// <summary>For the report of a test that hangs.</summary>
    public string State { get; protected set; } = "";

    /// <summary>Stays with its node as long as that is there.</summary>
    public bool Stays { get; init; }

    /// <summary>How each of its sockets was closed, where it was.</summary>
    public List<int> CloseCodes { get; } = [];

    public TestNode Node => cluster.Nodes[_turn % cluster.Nodes.Count];

    public async Task RunAsync(CancellationToken stop)
    {
        await Task.Yield();
        while (!stop.IsCancellationRequested)
        {
            try
            {
                State = $"connecting to {Node}";
                using var socket = new ClientWebSocket();
                socket.Options.KeepAliveInterval = TimeSpan.Zero;
                await WithinAsync(patience => socket.ConnectAsync(AddressOn(Node), patience), stop);
                await TalkAsync(socket, stop);
            }
            catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
            {
                State = $"{Node}: {e.Message}";
                _turn++;
                await Task.Delay(20, CancellationToken.None);
            }
        }
    }

    protected abstract Uri AddressOn(TestNode node);

    /// <summary>Until the socket ends, by an exception.</summary>
    protected abstract Task TalkAsync(ClientWebSocket socket, CancellationToken stop);

    protected async Task<JsonElement> ReceiveAsync(ClientWebSocket socket, CancellationToken stop) =>
        JsonSerializer.Deserialize<JsonElement>((await ReceiveBytesAsync(socket, stop)).Span);

    /// <summary>A whole frame, good until the next one.</summary>
    protected async Task<ReadOnlyMemory<byte>> ReceiveBytesAsync(ClientWebSocket socket, CancellationToken stop)
    {
        var length = 0;
        while (true)
        {
            var received = await WithinAsync(patience => socket.ReceiveAsync(_buffer.AsMemory(length), patience).AsTask(), stop);
            length += received.Count;
            if (received.MessageType == WebSocketMessageType.Close)
            {
                CloseCodes.Add((int)socket.CloseStatus!);
                throw new WebSocketException($"Closed with {socket.CloseStatus}");
            }
            if (received.EndOfMessage)
            {
                return _buffer.AsMemory(0, length);
            }
        }
    }

    protected static Task SendAsync(ClientWebSocket socket, object frame, CancellationToken stop) =>
        SendBytesAsync(socket, JsonSerializer.SerializeToUtf8Bytes(frame), stop);

    protected static Task SendBytesAsync(ClientWebSocket socket, byte[] frame, CancellationToken stop) =>
        socket.SendAsync(frame, WebSocketMessageType.Text, endOfMessage: true, stop);

    private async Task<T> WithinAsync<T>(Func<CancellationToken, Task<T>> action, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(Stays ? TestCluster.Patience : Silence);
        return await action(patience.Token);
    }

    private Task<bool> WithinAsync(Func<CancellationToken, Task> action, CancellationToken stop) => WithinAsync(
        async patience =>
        {
            await action(patience);
            return true;
        },
        stop);
}
