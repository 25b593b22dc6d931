using System.Collections;
using Chat.Protocol;

namespace Chat.Actors.Runtime;

/// <summary>Names a session on every log line that is written within: its id, and the id under which those who use it trace it.</summary>
public sealed class SessionScope(SessionId session) : IReadOnlyList<KeyValuePair<string, object?>>
{
    /// <summary>Null until the session's first event is known.</summary>
    public string? TraceId { get; set; }

    public int Count => 2;

    public KeyValuePair<string, object?> this[int index] => index switch
    {
        0 => new("session_id", session.Value),
        1 => new("trace_id", TraceId),
        _ => throw new ArgumentOutOfRangeException(nameof(index)),
    };

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        yield return this[0];
        yield return this[1];
    }

    public override string ToString() => $"session_id:{session.Value} trace_id:{TraceId}";

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
