using Chat.Protocol;

namespace Chat.Actors.AkkaEngine;

/// <summary>A command on its way to its session, from any node.</summary>
/// <param name="Asker">Name of the asking node; differs from start to start.</param>
/// <param name="Row">A session acts on a row of one asker in its order and without a hole: <see cref="Cluster.AskerRow"/>.</param>
/// <param name="Place">In the row, from 0.</param>
/// <param name="SentAt">By the asking node's clock.</param>
/// <param name="Number">The asker's own, to know the answer by.</param>
/// <param name="Span">That it belongs to, as W3C's <c>traceparent</c>; empty while nobody traces.</param>
/// <param name="Command">With an id, by which a session knows what it has done. Null where this version cannot read it.</param>
internal sealed record SessionAsk(SessionId Session, string Asker, long Row, long Place, DateTimeOffset SentAt, long Number, string Span, SessionCommand? Command) : IAskMessage;

/// <param name="Reply">Null where the session did not act: the asker begins a new row, with all that waits for the session.</param>
/// <param name="Fault">What the session failed on, for this command alone; null otherwise.</param>
/// <param name="TraceId">The session's, where the ask had a span.</param>
internal sealed record SessionAnswer(SessionId Session, long Row, long Number, Reply? Reply, string? Fault = null, string? TraceId = null) : IAskMessage
{
    public static SessionAnswer NotDone(SessionAsk ask) => new(ask.Session, ask.Row, ask.Number, Reply: null);
}

/// <summary>What goes between nodes, by <see cref="AskSerializer"/>.</summary>
internal interface IAskMessage;
