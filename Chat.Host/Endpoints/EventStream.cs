using System.Buffers;
using Chat.Actors.Delivery;
using Chat.Actors.Persistence;
using Chat.Actors.Runtime;
using Chat.Actors.Sessions;
using Chat.Host.Auth;
using Chat.Host.Configuration;
using Chat.Protocol;
using Microsoft.AspNetCore.Http.Features;

namespace Chat.Host.Endpoints;

/// <summary>
/// One answer of an agent as server-sent events, from a place in the log to the answer's end. A reader that is slow holds no memory: it falls behind
/// and is paged from the journal. A response that ends without <c>stream_end</c> is to be resumed with <c>Last-Event-ID</c>.
/// </summary>
/// <param name="since">Seq after which the answer's events are wanted.</param>
internal sealed class EventStream(ChatNode node, SessionId session, MessageId run, Identity caller, long since) : IResult
{
    public const string ContentType = "text/event-stream";

    /// <summary>Proxies close what is silent for 30 to 60 s.</summary>
    public static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(15);

    /// <summary>Blocks that wait are gathered into writes of about this size.</summary>
    private const int WriteSize = 64 * 1024;

    private static readonly KeyValuePair<string, object?> FaceTag = new(ChatMetrics.Face, "sse");

    private readonly List<Frame> _frames = [];
    private bool _pingDue;

    public async Task ExecuteAsync(HttpContext context)
    {
        var services = context.RequestServices;
        var time = services.GetRequiredService<TimeProvider>();
        var aborted = context.RequestAborted;
        var subscriber = new Subscriber(SseCodec.Instance, caller.UserId, services.GetRequiredService<ChatOptions>().WebSocket.QueueLimit, IsOfRun);
        var hub = node.Hubs.Subscribe(session, subscriber);
        ChatMetrics.Connections.Add(1, FaceTag);
        try
        {
            await using var pings = time.CreateTimer(_ => Beat(subscriber, time), null, PingInterval, PingInterval);
            await using var left = aborted.Register(subscriber.Wake);
            await using var stopping = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(
                () => subscriber.Close(CloseCode.Draining, "The server is stopping"));
            var replay = new Replay(node.Gateway, node.Journal, hub, subscriber, since, expandEnded: true);
            await replay.BeginAsync(aborted);
            await BeginAsync(context);
            await RunAsync(context.Response, subscriber, replay, aborted);
        }
        catch (JournalUnavailableException) when (!context.Response.HasStarted)
        {
            await new Refusal(ErrorCode.StorageUnavailable, "The storage does not answer").ExecuteAsync(context);
        }
        catch (Exception e) when (e is SessionGoneException or JournalUnavailableException || aborted.IsCancellationRequested && e is OperationCanceledException or IOException)
        {
            // Removed from the session, a storage that is away, or a reader that has left: the response ends, and the answer goes on.
        }
        finally
        {
            ChatMetrics.Connections.Add(-1, FaceTag);
            node.Hubs.Unsubscribe(hub, subscriber);
        }
    }

    private static async Task BeginAsync(HttpContext context)
    {
        var response = context.Response;
        response.ContentType = ContentType;
        response.Headers.CacheControl = "no-cache";
        response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        // The answer may still wait its turn; the reader sees at once that it will come.
        await response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private async Task RunAsync(HttpResponse response, Subscriber subscriber, Replay replay, CancellationToken aborted)
    {
        while (!aborted.IsCancellationRequested)
        {
            while (subscriber.Take(_frames, WriteSize) > 0)
            {
                if (await WriteAsync(response, aborted))
                {
                    return;
                }
            }
            if (subscriber.Closing is not null)
            {
                return;
            }
            if (Interlocked.Exchange(ref _pingDue, false))
            {
                await response.BodyWriter.WriteAsync(SseCodec.Ping, aborted);
            }
            if (subscriber.IsLive)
            {
                await subscriber.WaitAsync();
                continue;
            }
            if (await replay.NextAsync(caller.ToCaller(), _frames, aborted))
            {
                replay.Restart();
            }
            if (await WriteAsync(response, aborted))
            {
                return;
            }
        }
    }

    /// <summary>True when the answer's end has been written.</summary>
    private async ValueTask<bool> WriteAsync(HttpResponse response, CancellationToken aborted)
    {
        if (_frames.Count == 0)
        {
            return false;
        }
        var isLast = _frames[^1].IsLast;
        foreach (var frame in _frames)
        {
            response.BodyWriter.Write(frame.Bytes.Span);
        }
        await response.BodyWriter.FlushAsync(aborted);
        _frames.Clear();
        return isLast;
    }

    private void Beat(Subscriber subscriber, TimeProvider time)
    {
        if (time.GetUtcNow() >= caller.ExpiresAt)
        {
            subscriber.Close(CloseCode.TokenExpired, "Token expired");
        }
        Volatile.Write(ref _pingDue, true);
        subscriber.Wake();
    }

    private bool IsOfRun(SessionEvent e) => e switch
    {
        StreamChunk c => c.MessageId == run,
        StreamStarted s => s.MessageId == run,
        StreamEnded s => s.MessageId == run,
        _ => false,
    };
}
