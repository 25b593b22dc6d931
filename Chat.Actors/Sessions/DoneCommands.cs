using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>
/// The session's newest commands that two nodes may have been asked for, with their answers: a home that was given up may still act, late, on what another node
/// has done in its place.
/// </summary>
public sealed class DoneCommands
{
    /// <summary>More than a session does in <see cref="SessionServices.GoodFor"/>, about a second. What is decided later is first held against <see cref="ReachesBackTo"/>.</summary>
    public const int Capacity = 5_000;

    /// <summary>Clocks of nodes may differ by as much, as on the bus.</summary>
    private static readonly TimeSpan MaxSkew = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, Accepted> _replies = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = [];

    /// <param name="Reply">As the command was answered.</param>
    public sealed record Done(string CommandId, Accepted Reply);

    public int Count => _order.Count;

    /// <summary>Oldest first.</summary>
    public IEnumerable<Done> All => _order.Select(id => new Done(id, _replies[id]));

    /// <summary>What the command was answered, where it has been done.</summary>
    public Accepted? Find(SessionCommand command) =>
        command.CommandId is not { } id || !_replies.TryGetValue(id, out var reply) ? null
        : command switch
        {
            // Their first event may be the beginning of an answer that they end.
            StopRun => reply with { Status = StreamStatus.Stopped, Epoch = 0 },
            EndStream end => reply with { Status = end.Status, Epoch = 0 },
            _ => reply,
        };

    /// <summary>Every command that was done since then is among them, by whichever node's clock.</summary>
    public bool ReachesBackTo(DateTimeOffset time) => _order.Count < Capacity || _replies[_order.Peek()].At < time - MaxSkew;

    public void Add(long seq, SessionEvent e)
    {
        if (e.CommandId is { } id)
        {
            Add(new Done(id, ReplyOf(e) with { Seq = seq, At = e.At }));
        }
    }

    public void Add(Done done)
    {
        if (_replies.TryAdd(done.CommandId, done.Reply))
        {
            _order.Enqueue(done.CommandId);
            if (_order.Count > Capacity)
            {
                _replies.Remove(_order.Dequeue());
            }
        }
    }

    private static Accepted ReplyOf(SessionEvent e)
    {
        var reply = new Accepted { Seq = 0, At = e.At };
        return e switch
        {
            MessagePosted m => reply with { MessageId = m.MessageId, RunId = m.RunId },
            MessageEdited m => reply with { MessageId = m.MessageId },
            MessageDeleted m => reply with { MessageId = m.MessageId },
            StreamStarted s => reply with { MessageId = s.MessageId, Epoch = s.Epoch },
            RunClaimed r => reply with { MessageId = r.MessageId, Epoch = r.Epoch },
            StreamChunk c => reply with { MessageId = c.MessageId, Epoch = c.Epoch },
            StreamEnded s => reply with { MessageId = s.MessageId },
            _ => reply,
        };
    }
}
