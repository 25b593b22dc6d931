using System.Net.WebSockets;
using System.Text;

namespace Chat.Tests.SocketIo;

/// <summary>A client on a WebSocket, packet by packet.</summary>
internal sealed class EngineSocket : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ClientWebSocket _socket = new();
    private readonly byte[] _buffer = new byte[4 * 1024 * 1024];

    /// <param name="sid">Of the session to take over; null for one of its own.</param>
    public static async Task<EngineSocket> ConnectAsync(SocketIoHost host, string path = "/engine.io/", string? sid = null)
    {
        var client = new EngineSocket();
        var query = $"?EIO=4&transport=websocket{(sid is null ? "" : $"&sid={sid}")}";
        await client._socket.ConnectAsync(new Uri($"ws://{host.Address.Authority}{path}{query}"), CancellationToken.None).WaitAsync(Patience);
        if (sid is null)
        {
            Assert.StartsWith("0{", await client.ReadAsync());
        }
        return client;
    }

    /// <summary>Joins a namespace.</summary>
    public static async Task<EngineSocket> JoinAsync(SocketIoHost host, string space = "")
    {
        var client = await ConnectAsync(host, "/socket.io/");
        await client.SendAsync($"40{space}");
        Assert.StartsWith($"40{space}{{\"sid\":\"", await client.ReadAsync());
        return client;
    }

    public Task SendAsync(string packet) => _socket.SendAsync(Encoding.UTF8.GetBytes(packet), WebSocketMessageType.Text, true, CancellationToken.None).WaitAsync(Patience);

    public Task SendRawTextAsync(byte[] text) => _socket.SendAsync(text, WebSocketMessageType.Text, true, CancellationToken.None).WaitAsync(Patience);

    public Task SendAsync(byte[] binary) => _socket.SendAsync(binary, WebSocketMessageType.Binary, true, CancellationToken.None).WaitAsync(Patience);

    /// <summary>Text as it is, binary in hexadecimal behind a #, a close as its code and reason.</summary>
    public async Task<string> ReadAsync()
    {
        var length = 0;
        while (true)
        {
            var result = await _socket.ReceiveAsync(_buffer.AsMemory(length), CancellationToken.None).AsTask().WaitAsync(Patience);
            length += result.Count;
            if (result.MessageType == WebSocketMessageType.Close)
            {
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                return $"close {(int)_socket.CloseStatus!} {_socket.CloseStatusDescription}".TrimEnd();
            }
            if (result.EndOfMessage)
            {
                var bytes = _buffer.AsSpan(0, length);
                return result.MessageType == WebSocketMessageType.Text ? Encoding.UTF8.GetString(bytes) : $"#{Convert.ToHexString(bytes)}";
            }
        }
    }

    public Task CloseAsync() => _socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None).WaitAsync(Patience);

    public void Abort() => _socket.Abort();

    public void Dispose() => _socket.Dispose();
}
