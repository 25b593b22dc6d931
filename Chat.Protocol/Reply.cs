using System.Text.Json.Serialization;

namespace Chat.Protocol;

/// <summary>What the one who asked for a command is told: <see cref="Accepted"/> or <see cref="Rejected"/>.</summary>
[JsonDerivedType(typeof(Accepted), "accepted")]
[JsonDerivedType(typeof(Rejected), "rejected")]
public abstract record Reply;

/// <summary>The command's events are durable (or were already: see <see cref="Repeat"/>).</summary>
public sealed record Accepted : Reply
{
    /// <summary>Seq of the command's first event; the log's head where the command changed nothing.</summary>
    public required long Seq { get; init; }

    public required DateTimeOffset At { get; init; }
    public MessageId MessageId { get; init; }

    /// <summary>The run that answers the posted message, where one does.</summary>
    public MessageId? RunId { get; init; }

    /// <summary>A run's state, for commands about one: <c>complete</c>, <c>stopped</c>, <c>interrupted</c>, <c>failed</c>, <c>queued</c>, <c>running</c>.</summary>
    public string? Status { get; init; }

    /// <summary>Epoch under which a claimed run is written.</summary>
    public int Epoch { get; init; }

    /// <summary>The send was stored before; this is the first one's answer.</summary>
    public bool Repeat { get; init; }
}

/// <summary>A refusal is a value: nothing was stored.</summary>
/// <param name="Text">For people and logs of clients, in English unless a seed gives the text; never holds a secret or foreign content.</param>
/// <param name="RetryAfter">Only where waiting helps.</param>
public sealed record Rejected(ErrorCode Code, string Text, TimeSpan? RetryAfter = null) : Reply;
