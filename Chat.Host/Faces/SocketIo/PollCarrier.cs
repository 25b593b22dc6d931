using System.Net;

namespace Chat.Host.Faces.SocketIo;

/// <summary>
/// Carries the polls and POSTs of a Socket.IO session to the node that has it, so that no balancer has to know of sessions. The node's mark stands in the session's
/// id; its address is the one it announces.
/// </summary>
internal sealed class PollCarrier : IDisposable
{
    /// <summary>Says that a request has been carried, so that it is not again: two nodes that each take the other for its session's would pass it to and fro.</summary>
    private const string Carried = "X-Chat-Carried";

    private const int MarkLength = 8;

    private readonly ChatNode _node;
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

    public PollCarrier(ChatNode node) => _node = node;

    /// <summary>The end of a node's name, which differs from start to start and tells nothing of the machine. Empty on a node that is alone.</summary>
    public string Mark => _node.IsAlone ? "" : MarkOf(_node.Name);

    /// <summary>False where no other node has the session, or it does not answer.</summary>
    public async Task<bool> TryCarryAsync(HttpContext context, string sid)
    {
        if (context.Request.Headers.ContainsKey(Carried) || OwnerOf(sid) is not { } owner)
        {
            return false;
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
        var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), address.TrimEnd('/') + context.Request.Path + context.Request.QueryString)
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

    private static string MarkOf(string node) => node.Length <= MarkLength ? node : node[^MarkLength..];
}
