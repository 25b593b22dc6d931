using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;

namespace Chat.Tests.Support;

/// <summary>A client of Socket.IO over a WebSocket, in the main namespace, that shows a test every packet.</summary>
internal sealed class SocketIoClient : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ClientWebSocket _socket = new();
    private readonly Channel<(string Name, JsonElement Data)> _events = Channel.CreateUnbounded<(string, JsonElement)>();
    private readonly List<(string Name, JsonElement Data)> _passed = [];
    private readonly Dictionary<int, TaskCompletionSource<JsonElement>> _acks = [];
    private readonly TaskCompletionSource<(int Code, string Reason)> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _lastAck;

    /// <param name="auth">JSON of the connect packet; empty for none.</param>
    public static async Task<SocketIoClient> ConnectAsync(TestServer server, string auth = "")
    {
        var client = await OpenAsync(server, auth);
        await client.ExpectAsync("connected");
        return client;
    }

    /// <summary>Does not wait for the namespace to let it in.</summary>
    public static async Task<SocketIoClient> OpenAsync(TestServer server, string auth = "")
    {
        var client = new SocketIoClient();
        using var timeout = new CancellationTokenSource(Patience);
        await client._socket.ConnectAsync(new Uri($"ws://{server.Address.Authority}/socket.io/?EIO=4&transport=websocket"), timeout.Token);
        _ = Task.Run(client.ReadAsync);
        await client.SendTextAsync("40" + auth);
        return client;
    }

    public async Task<JsonElement> AskAsync(string name, object? data = null)
    {
        var id = Interlocked.Increment(ref _lastAck);
        var answer = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_acks)
        {
            _acks[id] = answer;
        }
        await SendTextAsync($"42{id}[\"{name}\"{(data is null ? "" : "," + JsonSerializer.Serialize(data))}]");
        return await answer.Task.WaitAsync(Patience);
    }

    /// <summary>Joins and expects to be let in.</summary>
    public async Task<JsonElement> JoinAsync(string session, string? participant, string nickname, string? role = null)
    {
        var answer = await AskAsync("join_session", new { session_id = session, participant_id = participant, nickname, role = role ?? "participant" });
        Assert.True(answer.GetProperty("ok").GetBoolean(), answer.ToString());
        return answer;
    }

    /// <summary>The next event of that name; others before it stay in <see cref="Passed"/>.</summary>
    public async Task<JsonElement> ExpectAsync(string name)
    {
        using var timeout = new CancellationTokenSource(Patience);
        while (true)
        {
            var next = await _events.Reader.ReadAsync(timeout.Token);
            _passed.Add(next);
            if (next.Name == name)
            {
                return next.Data;
            }
        }
    }

    /// <summary>Every event that has been looked at.</summary>
    public IReadOnlyList<(string Name, JsonElement Data)> Passed => _passed;

    public Task<(int Code, string Reason)> ClosedAsync() => _closed.Task.WaitAsync(Patience);

    public async Task SendTextAsync(string text)
    {
        using var timeout = new CancellationTokenSource(Patience);
        await _socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, timeout.Token);
    }

    public async ValueTask DisposeAsync()
    {
        if (_socket.State == WebSocketState.Open)
        {
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, default);
            await ClosedAsync();
        }
        _socket.Dispose();
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (true)
            {
                using var message = new MemoryStream();
                ValueWebSocketReceiveResult result;
                do
                {
                    result = await _socket.ReceiveAsync(buffer.AsMemory(), default);
                    message.Write(buffer, 0, result.Count);
                }
                while (!result.EndOfMessage);
                if (result.MessageType == WebSocketMessageType.Close)
                {
                    break;
                }
                await TakeAsync(Encoding.UTF8.GetString(message.ToArray()));
            }
        }
        catch (Exception e) when (e is WebSocketException or ObjectDisposedException or OperationCanceledException)
        {
            // It broke off.
        }
        _closed.TrySetResult(((int?)_socket.CloseStatus ?? 1006, _socket.CloseStatusDescription ?? ""));
        _events.Writer.TryComplete();
    }

    private async Task TakeAsync(string packet)
    {
        if (packet == "2")
        {
            await SendTextAsync("3");
        }
        else if (packet.StartsWith("42[", StringComparison.Ordinal))
        {
            var array = JsonDocument.Parse(packet[2..]).RootElement;
            _events.Writer.TryWrite((array[0].GetString()!, array.GetArrayLength() > 1 ? array[1] : default));
        }
        else if (packet.StartsWith("44", StringComparison.Ordinal))
        {
            _events.Writer.TryWrite(("connect_error", JsonDocument.Parse(packet[2..]).RootElement));
        }
        else if (packet.StartsWith("43", StringComparison.Ordinal))
        {
            var bracket = packet.IndexOf('[', StringComparison.Ordinal);
            lock (_acks)
            {
                _acks[int.Parse(packet.AsSpan(2, bracket - 2), System.Globalization.CultureInfo.InvariantCulture)]
                    .SetResult(JsonDocument.Parse(packet[bracket..]).RootElement[0]);
            }
        }
    }
}
