using Chat.Actors.Delivery;
using Chat.Actors.Persistence;
using Chat.Protocol;
using Microsoft.Extensions.Logging;

namespace Chat.Actors.Sessions;

/// <summary>What every session needs of its node.</summary>
public sealed record SessionServices
{
    public required IJournal Journal { get; init; }

    /// <summary>The journal's.</summary>
    public EventCodec Events { get; init; } = new();

    public required TimeProvider Time { get; init; }

    /// <summary>Gives durable events to this node's readers and agents; called in order per session, and must not block.</summary>
    public required Action<SessionId, IReadOnlyList<EncodedEvent>> Publish { get; init; }

    /// <summary>
    /// A session has started again from its log, which goes up to this seq: an engine that cannot say what of it had been published says so here. Must not block.
    /// </summary>
    public Action<SessionId, long>? Recovered { get; init; }

    /// <summary>Looks a message up in the history, not older than the log as of the call.</summary>
    public required Func<SessionId, MessageId, ValueTask<MessageFacts?>> FindMessage { get; init; }

    /// <summary>Events between two snapshots of a session.</summary>
    public int SnapshotEvery { get; init; } = 500;

    /// <summary>
    /// Snapshots are made and kept one after the other: sessions that are equally busy are due for theirs at one moment, and all at once they would hold up the commits of everyone.
    /// </summary>
    internal SemaphoreSlim SnapshotTurn { get; } = new(1);

    /// <summary>An idle session leaves memory after this.</summary>
    public TimeSpan PassivateAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Other nodes append to the same journal: what is told without an append is first held against the log's head.</summary>
    public bool IsShared { get; init; }

    /// <summary>
    /// A command of another node is decided within this or not at all: that node acts itself then, and decides later than this where the session is sure to remember what was
    /// done here (<see cref="DoneCommands.ReachesBackTo"/>).
    /// </summary>
    public TimeSpan GoodFor { get; init; } = TimeSpan.FromSeconds(1);

    public required ILogger Logger { get; init; }
}
