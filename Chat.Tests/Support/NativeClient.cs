using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Chat.Host.Auth;

namespace Chat.Tests.Support;

/// <summary>A client of the native WebSocket: sends frames, keeps all that it receives, and can stop reading to become a slow reader.</summary>
internal sealed class NativeClient : IAsyncDisposable
{
    /// <summary>Nothing here takes so long unless it is broken.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ClientWebSocket _socket;
    private readonly Socket? _tcp;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly List<NativeFrame> _frames = [];
    private readonly HashSet<NativeFrame> _askedFor = [];
    private readonly CancellationTokenSource _end = new();
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? _paused;
    private readonly Task<(int Code, string Reason)> _reading;

    private NativeClient(ClientWebSocket socket, Socket? tcp, bool reading)
    {
        _socket = socket;
        _tcp = tcp;
        _paused = reading ? null : new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _reading = Task.Run(ReadAsync);
    }

    /// <summary>Everything received so far.</summary>
    public IReadOnlyList<NativeFrame> Frames
    {
        get
        {
            lock (_gate)
            {
                return [.. _frames];
            }
        }
    }

    public string? SubProtocol => _socket.SubProtocol;

    /// <summary>As a user of the server, with a good token, up to the <c>connected</c> frame.</summary>
    public static async Task<NativeClient> ConnectAsync(TestServer server, string session, string user, long? since = null, Roles roles = Roles.None)
    {
        var client = await OpenAsync(server, session, Query(server.Token(user, roles), since));
        await client.ExpectAsync("connected");
        return client;
    }

    /// <summary>A socket that is read at the test's word only and over a TCP window of some KiB.</summary>
    public static Task<NativeClient> ConnectSlowAsync(TestServer server, string session, string user, long? since = null) =>
        OpenAsync(server, session, Query(server.Token(user), since), receiveBuffer: 4096, reading: false);

    /// <param name="query">Of the address, with the question mark.</param>
    /// <param name="receiveBuffer">Of TCP: small makes a reader that stops reading visible to the server soon.</param>
    /// <exception cref="WebSocketException">The handshake was refused.</exception>
    public static async Task<NativeClient> OpenAsync(
        TestServer server, string session, string query = "", Action<ClientWebSocketOptions>? configure = null, int? receiveBuffer = null, bool reading = true)
    {
        Socket? tcp = null;
        using var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (context, cancellation) =>
            {
                tcp = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                if (receiveBuffer is { } size)
                {
                    tcp.ReceiveBufferSize = size;
                }
                await tcp.ConnectAsync(context.DnsEndPoint, cancellation);
                return new NetworkStream(tcp, ownsSocket: true);
            },
        };
        using var invoker = new HttpMessageInvoker(handler);
        var socket = new ClientWebSocket();
        socket.Options.KeepAliveInterval = TimeSpan.Zero;
        socket.Options.CollectHttpResponseDetails = true;
        configure?.Invoke(socket.Options);
        using var timeout = new CancellationTokenSource(Timeout);
        try
        {
            await socket.ConnectAsync(new Uri($"ws://{server.Address.Authority}/ws/{session}{query}"), invoker, timeout.Token);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        return new NativeClient(socket, tcp, reading);
    }

    /// <summary>The status of a handshake that is refused.</summary>
    public static async Task<(HttpStatusCode Status, IReadOnlyDictionary<string, IEnumerable<string>>? Headers)> RefusedAsync(
        TestServer server, string session, string query = "", Action<ClientWebSocketOptions>? configure = null)
    {
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false });
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        configure?.Invoke(socket.Options);
        using var timeout = new CancellationTokenSource(Timeout);
        await Assert.ThrowsAsync<WebSocketException>(() =>
            socket.ConnectAsync(new Uri($"ws://{server.Address.Authority}/ws/{session}{query}"), invoker, timeout.Token));
        return (socket.HttpStatusCode, socket.HttpResponseHeaders);
    }

    public static string Query(string token, long? since = null) =>
        "?token=" + Uri.EscapeDataString(token) + (since is { } seq ? "&since=" + seq : "");

    /// <summary>Sends a frame that the server should understand; the schemas are checked against it.</summary>
    public Task SendAsync(object frame)
    {
        var text = JsonSerializer.Serialize(frame, Json);
        FrameRecorder.Sent(text);
        return SendTextAsync(text);
    }

    /// <summary>Sends whatever it is.</summary>
    public Task SendTextAsync(string text) => SendBytesAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendBytesAsync(byte[] bytes, WebSocketMessageType type = WebSocketMessageType.Text, bool endOfMessage = true)
    {
        using var timeout = new CancellationTokenSource(Timeout);
        await _sending.WaitAsync(timeout.Token);
        try
        {
            await _socket.SendAsync(bytes, type, endOfMessage, timeout.Token);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Sends a message and waits for its acknowledgement.</summary>
    public async Task<NativeFrame> PostAsync(string content, string? clientMessageId = null)
    {
        var id = clientMessageId ?? Guid.NewGuid().ToString("N");
        await SendAsync(new { type = "message", content, client_message_id = id });
        return await ExpectAsync("ack", f => f.Text("client_message_id") == id);
    }

    /// <summary>The first frame of this type or system event, not yet asked for, that fits. Others stay to be asked for.</summary>
    public async Task<NativeFrame> ExpectAsync(string name, Func<NativeFrame, bool>? fits = null)
    {
        using var timeout = new CancellationTokenSource(Timeout);
        var seen = 0;
        while (true)
        {
            Task news;
            lock (_gate)
            {
                for (; seen < _frames.Count; seen++)
                {
                    var frame = _frames[seen];
                    if (frame.Is(name) && !_askedFor.Contains(frame) && (fits is null || fits(frame)))
                    {
                        _askedFor.Add(frame);
                        return frame;
                    }
                }
                news = _news.Task;
            }
            if (_reading.IsCompleted && !news.IsCompleted)
            {
                throw new InvalidOperationException($"No '{name}' came before the socket ended with {await _reading}. Received:\n{Received()}");
            }
            try
            {
                await Task.WhenAny(news, _reading).WaitAsync(timeout.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"No '{name}' came. Received:\n{Received()}");
            }
        }
    }

    /// <summary>The first frame of all for which this is true; asked once per frame, in order.</summary>
    public async Task<NativeFrame> ReadUntilAsync(Func<NativeFrame, bool> ends)
    {
        using var timeout = new CancellationTokenSource(Timeout);
        for (var seen = 0; ;)
        {
            Task news;
            NativeFrame? frame;
            lock (_gate)
            {
                (news, frame) = (_news.Task, seen < _frames.Count ? _frames[seen] : null);
            }
            if (frame is null)
            {
                await news.WaitAsync(timeout.Token);
                continue;
            }
            if (ends(frame))
            {
                return frame;
            }
            seen++;
        }
    }

    public Task<NativeFrame> ExpectErrorAsync(string code) => ExpectAsync("error", f => f.Text("code") == code);

    /// <summary>Returns when the server has handled all that was sent before, and all that it then had to say has come.</summary>
    public async Task SettleAsync()
    {
        await SendAsync(new { type = "ping" });
        await ExpectAsync("pong");
    }

    /// <summary>Frames of this type or system event so far, asked for or not.</summary>
    public IReadOnlyList<NativeFrame> All(string name) => [.. Frames.Where(f => f.Is(name))];

    public IReadOnlyList<NativeFrame> Stored => [.. Frames.Where(f => f.IsStored)];

    /// <summary>How the socket ended: the server's close code and reason, or 1006 where it broke off.</summary>
    public async Task<(int Code, string Reason)> ClosedAsync()
    {
        try
        {
            return await _reading.WaitAsync(Timeout);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"The socket was not closed. Received:\n{Received()}");
        }
    }

    /// <summary>Reads no more after the frame that is being read.</summary>
    public void Pause()
    {
        lock (_gate)
        {
            _paused ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public void Resume()
    {
        lock (_gate)
        {
            _paused?.TrySetResult();
            _paused = null;
        }
    }

    /// <summary>Closes as a browser does, and waits for the answer.</summary>
    public async Task CloseAsync()
    {
        Resume();
        if (_socket.State == WebSocketState.Open)
        {
            using var timeout = new CancellationTokenSource(Timeout);
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, timeout.Token);
        }
        await ClosedAsync();
    }

    /// <summary>Breaks off without a word, as a cable does.</summary>
    public async Task BreakAsync()
    {
        _tcp?.Close(0);
        await _end.CancelAsync();
        Resume();
        await _reading.WaitAsync(Timeout);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        Resume();
        await _reading.WaitAsync(Timeout);
        _socket.Dispose();
        _end.Dispose();
        _sending.Dispose();
    }

    private async Task<(int Code, string Reason)> ReadAsync()
    {
        var buffer = new byte[16 * 1024];
        using var message = new MemoryStream();
        try
        {
            while (true)
            {
                if (_paused is { } paused)
                {
                    await paused.Task.WaitAsync(_end.Token);
                }
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
                    Receive(message.ToArray());
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

    private void Receive(byte[] bytes)
    {
        FrameRecorder.Received(bytes);
        var frame = new NativeFrame(bytes);
        TaskCompletionSource news;
        lock (_gate)
        {
            _frames.Add(frame);
            news = _news;
            _news = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        news.SetResult();
    }

    private string Received()
    {
        var frames = Frames;
        return $"({frames.Count} frames)\n" + string.Join('\n', frames.TakeLast(30));
    }
}
