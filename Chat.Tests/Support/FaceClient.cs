using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Chat.Tests.Support;

/// <summary>A client of any WebSocket face of JSON objects: sends what it is told, keeps all that it receives, and asks for frames by what they hold.</summary>
internal sealed class FaceClient : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ClientWebSocket _socket;
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _gate = new();
    private readonly List<JsonElement> _frames = [];
    private readonly Task<(int Code, string Reason)> _reading;

    /// <summary>Received and not yet asked for.</summary>
    private readonly List<JsonElement> _waiting = [];

    /// <summary>What reading begins with.</summary>
    private readonly TaskCompletionSource _resumed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private FaceClient(ClientWebSocket socket, bool reading)
    {
        _socket = socket;
        if (reading)
        {
            Resume();
        }
        _reading = Task.Run(ReadAsync);
    }

    /// <summary>Ended, on whichever side.</summary>
    public bool IsClosed => _reading.IsCompleted;

    /// <summary>Everything received so far.</summary>
    public IReadOnlyList<JsonElement> Frames
    {
        get
        {
            lock (_gate)
            {
                return [.. _frames];
            }
        }
    }

    /// <param name="path">With its query, such as <c>/ws/chat/lobby?token=x</c>.</param>
    public static Task<FaceClient> OpenAsync(TestServer server, string path, params (string Name, string Value)[] headers) =>
        OpenAsync(server, path, new SocketsHttpHandler { UseProxy = false, UseCookies = false }, reading: true, headers);

    /// <summary>A socket that is read from <see cref="Resume"/> on, over a TCP window of some KiB.</summary>
    public static Task<FaceClient> OpenSlowAsync(TestServer server, string path)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (context, cancellation) =>
            {
                var tcp = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
                await tcp.ConnectAsync(context.DnsEndPoint, cancellation);
                return new NetworkStream(tcp, ownsSocket: true);
            },
        };
        return OpenAsync(server, path, handler, reading: false);
    }

    public void Resume() => _resumed.TrySetResult();

    private static async Task<FaceClient> OpenAsync(TestServer server, string path, SocketsHttpHandler handler, bool reading, params (string Name, string Value)[] headers)
    {
        using var invoker = new HttpMessageInvoker(handler);
        var socket = new ClientWebSocket();
        socket.Options.KeepAliveInterval = TimeSpan.Zero;
        foreach (var (name, value) in headers)
        {
            socket.Options.SetRequestHeader(name, value);
        }
        using var timeout = new CancellationTokenSource(NativeClient.Timeout);
        await socket.ConnectAsync(new Uri($"ws://{server.Address.Authority}{path}"), invoker, timeout.Token);
        return new FaceClient(socket, reading);
    }

    public Task SendAsync(object frame) => SendTextAsync(JsonSerializer.Serialize(frame, Json));

    public async Task SendTextAsync(string text)
    {
        using var timeout = new CancellationTokenSource(NativeClient.Timeout);
        await _socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, timeout.Token);
    }

    /// <summary>The first frame, not yet asked for, that fits. Others stay to be asked for.</summary>
    public async Task<JsonElement> ExpectAsync(Func<JsonElement, bool> fits)
    {
        using var timeout = new CancellationTokenSource(NativeClient.Timeout);
        while (true)
        {
            Task news;
            lock (_gate)
            {
                var at = _waiting.FindIndex(frame => fits(frame));
                if (at >= 0)
                {
                    var frame = _waiting[at];
                    _waiting.RemoveAt(at);
                    return frame;
                }
                news = _news.Task;
            }
            if (_reading.IsCompleted && !news.IsCompleted)
            {
                throw new InvalidOperationException($"The socket ended with {await _reading} before such a frame. Received:\n{string.Join('\n', Frames)}");
            }
            try
            {
                await Task.WhenAny(news, _reading).WaitAsync(timeout.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"No such frame came. Received:\n{string.Join('\n', Frames)}");
            }
        }
    }

    public Task<JsonElement> ExpectAsync(string type, Func<JsonElement, bool>? fits = null) => ExpectAsync(frame => frame.Text("type") == type && (fits is null || fits(frame)));

    /// <summary>The code of the next error.</summary>
    public async Task<string> ExpectErrorAsync() => (await ExpectAsync("error")).Text("code");

    /// <summary>Frames of this type so far, asked for or not.</summary>
    public IReadOnlyList<JsonElement> All(string type) => [.. Frames.Where(frame => frame.GetProperty("type").GetString() == type)];

    /// <summary>How the socket ended: the server's close code and reason, or 1006 where it broke off.</summary>
    public Task<(int Code, string Reason)> ClosedAsync() => _reading.WaitAsync(NativeClient.Timeout);

    /// <summary>Closes as a browser does, and waits for the answer.</summary>
    public async Task CloseAsync()
    {
        if (_socket.State == WebSocketState.Open)
        {
            using var timeout = new CancellationTokenSource(NativeClient.Timeout);
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, timeout.Token);
        }
        await ClosedAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _reading.WaitAsync(NativeClient.Timeout);
        _socket.Dispose();
        _end.Dispose();
    }

    private async Task<(int Code, string Reason)> ReadAsync()
    {
        var buffer = new byte[16 * 1024];
        using var message = new MemoryStream();
        try
        {
            await _resumed.Task.WaitAsync(_end.Token);
            while (true)
            {
                var result = await _socket.ReceiveAsync(buffer.AsMemory(), _end.Token);
                if (result.MessageType == WebSocketMessageType.Close)
                {
                    if (_socket.State == WebSocketState.CloseReceived)
                    {
                        await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, _end.Token);
                    }
                    break;
                }
                message.Write(buffer, 0, result.Count);
                if (result.EndOfMessage)
                {
                    Receive(JsonSerializer.Deserialize<JsonElement>(message.ToArray()));
                    message.SetLength(0);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException or IOException or ObjectDisposedException)
        {
            // Told by the code below.
        }
        return ((int?)_socket.CloseStatus ?? 1006, _socket.CloseStatusDescription ?? "");
    }

    private void Receive(JsonElement frame)
    {
        TaskCompletionSource news;
        lock (_gate)
        {
            _frames.Add(frame);
            _waiting.Add(frame);
            news = _news;
            _news = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        news.SetResult();
    }
}

/// <summary>Short words for the fields of a frame.</summary>
internal static class FrameFields
{
    public static string Text(this JsonElement frame, string name) => frame.GetProperty(name).GetString()!;

    public static long Number(this JsonElement frame, string name) => frame.GetProperty(name).GetInt64();
}
