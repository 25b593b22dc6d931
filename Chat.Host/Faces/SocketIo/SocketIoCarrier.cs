using System.Net;
using System.Net.WebSockets;
using Chat.Host.Connections;
using Chat.Protocol;

namespace Chat.Host.Faces.SocketIo;

/// <summary>
/// Carries the requests of a Socket.IO session to the node that has it: polls, POSTs, and the WebSocket that is to take over from them. So no balancer has to know of
/// sessions. The node's mark stands in the session's id; its address is the one it announces.
/// </summary>
internal sealed class SocketIoCarrier : IDisposable
{
    /// <summary>Says that a request has been carried, so that it is not again: two nodes that each take the other for its session's would pass it to and fro.</summary>
    private const string Carried = "X-Chat-Carried";

    private const int MarkLength = 8;
    private const int BufferSize = 16 * 1024;
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);

    private readonly ChatNode _node;
    private readonly ConnectionRegistry _registry;
    private readonly CancellationToken _stopping;
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        ConnectTimeout = TimeSpan.FromSeconds(1),
    })
    {
        // A poll waits as long as its client does.
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <param name="registry">A WebSocket that is carried takes a place on this node too.</param>
    public SocketIoCarrier(ChatNode node, ConnectionRegistry registry, IHostApplicationLifetime lifetime)
    {
        _node = node;
        _registry = registry;
        _stopping = lifetime.ApplicationStopping;
    }

    /// <summary>The end of a node's name, which differs from start to start and tells nothing of the machine. Empty on a node that is alone.</summary>
    public string Mark => _node.IsAlone ? "" : MarkOf(_node.Name);

    /// <summary>False where no other node has the session, or it does not answer.</summary>
    public async Task<bool> TryCarryAsync(HttpContext context, string sid)
    {
        if (context.Request.Headers.ContainsKey(Carried) || OwnerOf(sid) is not { } owner)
        {
            return false;
        }
        if (context.WebSockets.IsWebSocketRequest)
        {
            return await TryCarrySocketAsync(context, owner);
        }
        try
        {
            using var request = RequestFor(context, owner);
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
            var response = context.Response;
            response.StatusCode = (int)answer.StatusCode;
            response.ContentType = answer.Content.Headers.ContentType?.ToString();
            response.ContentLength = answer.Content.Headers.ContentLength;
            response.Headers.CacheControl = "no-store";
            await answer.Content.CopyToAsync(response.Body, context.RequestAborted);
            return true;
        }
        catch (HttpRequestException) when (!context.Response.HasStarted)
        {
            // It is gone, and its sessions with it: the client begins a new one.
            return false;
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<bool> TryCarrySocketAsync(HttpContext context, string owner)
    {
        if (!_registry.TryEnter())
        {
            return false;
        }
        try
        {
            using var there = new ClientWebSocket();
            there.Options.Proxy = null;
            there.Options.KeepAliveInterval = Timeout.InfiniteTimeSpan;
            there.Options.SetRequestHeader("Host", context.Request.Host.Value);
            there.Options.SetRequestHeader(Carried, "1");
            await there.ConnectAsync(new Uri("ws" + AddressFor(context, owner)["http".Length..]), context.RequestAborted);
            using var here = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { KeepAliveInterval = Timeout.InfiniteTimeSpan });
            using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping);
            var first = await Task.WhenAny(PumpAsync(here, there, end.Token), PumpAsync(there, here, end.Token));
            if (_stopping.IsCancellationRequested)
            {
                await CloseAsync(here, CloseCode.Draining, "The server is stopping");
            }
            end.CancelAfter(CloseTimeout);
            await first;
            return true;
        }
        catch (WebSocketException) when (!context.Response.HasStarted)
        {
            return false;
        }
        finally
        {
            _registry.Leave();
        }
    }

    /// <summary>Until one side closes, whose close goes on to the other. No exception of the network leaves it.</summary>
    private static async Task PumpAsync(WebSocket from, WebSocket to, CancellationToken cancellation)
    {
        var buffer = new byte[BufferSize];
        try
        {
            while (true)
            {
                var read = await from.ReceiveAsync(buffer.AsMemory(), cancellation);
                if (read.MessageType == WebSocketMessageType.Close)
                {
                    await CloseAsync(to, (int)(from.CloseStatus ?? WebSocketCloseStatus.NormalClosure), from.CloseStatusDescription);
                    return;
                }
                await to.SendAsync(buffer.AsMemory(0, read.Count), read.MessageType, read.EndOfMessage, cancellation);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or InvalidOperationException)
        {
            // One of the two has gone: the other is let go with this request.
        }
    }

    private static async Task CloseAsync(WebSocket socket, int code, string? reason)
    {
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
        {
            using var patience = new CancellationTokenSource(CloseTimeout);
            try
            {
                // A code that only stands for a missing one must not be sent.
                await socket.CloseOutputAsync((WebSocketCloseStatus)(code == 1005 ? CloseCode.Normal : code), reason, patience.Token);
            }
            catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
            {
                // Gone before it was told.
            }
        }
    }

    private string? OwnerOf(string sid)
    {
        var mark = sid.AsSpan(sid.LastIndexOf('.') + 1);
        foreach (var node in _node.Nodes)
        {
            if (node.Name != _node.Name && mark.SequenceEqual(MarkOf(node.Name)))
            {
                return node.Address;
            }
        }
        return null;
    }

    private static HttpRequestMessage RequestFor(HttpContext context, string address)
    {
        var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), AddressFor(context, address))
        {
            Version = HttpVersion.Version11,
        };
        // The name under which the client knows the nodes: each answers it.
        request.Headers.Host = context.Request.Host.Value;
        request.Headers.Add(Carried, "1");
        if (HttpMethods.IsPost(context.Request.Method))
        {
            request.Content = new StreamContent(context.Request.Body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", context.Request.ContentType);
            request.Content.Headers.ContentLength = context.Request.ContentLength;
        }
        return request;
    }

    private static string AddressFor(HttpContext context, string node) => node.TrimEnd('/') + context.Request.Path + context.Request.QueryString;

    private static string MarkOf(string node) => node.Length <= MarkLength ? node : node[^MarkLength..];
}
