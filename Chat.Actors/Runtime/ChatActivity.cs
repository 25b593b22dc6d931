using System.Diagnostics;

namespace Chat.Actors.Runtime;

/// <summary>The source of this server's traces: frame, ask, append. Nothing is made while nobody listens.</summary>
public static class ChatActivity
{
    public const string SourceName = "Chat";

    public const string SessionTag = "chat.session_id";

    /// <summary>The session's own trace id, as its creation answered it: the thread through all requests of one session.</summary>
    public const string TraceTag = "trace_id";

    public static readonly ActivitySource Source = new(SourceName);

    /// <summary>One frame of a socket. A trace of its own, since a socket lives for days; linked to the request that opened the socket.</summary>
    public static Activity? StartFrame(ActivityContext opened) =>
        Source.HasListeners() ? Source.StartActivity(ActivityKind.Server, parentContext: default, links: LinkTo([opened]), name: "websocket.frame") : null;

    /// <summary>One append on behalf of many asks: a child of the first, linked to the others.</summary>
    internal static Activity? StartAppend(IEnumerable<ActivityContext> asks, string session, string? traceId, int events)
    {
        var contexts = asks.Where(ask => ask != default).ToList();
        var span = Source.StartActivity(ActivityKind.Client, contexts.FirstOrDefault(), links: LinkTo(contexts.Skip(1)), name: "journal.append");
        return span?.SetTag(SessionTag, session).SetTag(TraceTag, traceId).SetTag("chat.events", events);
    }

    private static IEnumerable<ActivityLink> LinkTo(IEnumerable<ActivityContext> contexts) =>
        contexts.Where(context => context != default).Select(context => new ActivityLink(context));
}
