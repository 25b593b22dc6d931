using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>What a session decided of a command: a reply, and the events that make an acceptance true once they are durable.</summary>
/// <param name="Reply">An <see cref="Accepted"/> whose seq is already the one that its first event will have.</param>
public readonly record struct Decision(Reply Reply, IReadOnlyList<SessionEvent> Events)
{
    public static readonly Decision NotFound = Reject(ErrorCode.NotFound, "Session not found");

    public static Decision Reject(ErrorCode code, string text) => new(new Rejected(code, text), []);

    /// <summary>Nothing to store: what was asked for is so already.</summary>
    public static Decision Unchanged(SessionState state, Accepted? reply = null) =>
        new(reply ?? new Accepted { Seq = state.Head, At = state.LastAt }, []);

    public static Decision Of(SessionState state, Accepted reply, params IReadOnlyList<SessionEvent> events) =>
        new(reply with { Seq = state.Head + 1 }, events);

    public static Decision Of(SessionState state, SessionEvent e) =>
        Of(state, new Accepted { Seq = 0, At = e.At }, e);
}
