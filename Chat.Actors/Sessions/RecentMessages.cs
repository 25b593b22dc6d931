using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>What a decision needs to know of a message: who wrote it, and what became of it.</summary>
/// <param name="Author">User who may edit and delete it; null for an agent's own answer.</param>
/// <param name="Status">How a streamed answer ended; null for other messages.</param>
public sealed record MessageFacts(MessageId MessageId, string? Author, bool IsDeleted, string? Status);

/// <summary>Facts of the session's newest messages; for older ones the actor asks the history.</summary>
public sealed class RecentMessages
{
    /// <summary>About 100 bytes each: 50 KB for a busy session, and edits of older messages are rare.</summary>
    public const int Capacity = 500;

    // Values and no objects: the collector would carry each along until it is let go.
    private readonly Dictionary<MessageId, (string? Author, bool IsDeleted, string? Status)> _facts = [];
    private readonly Queue<MessageId> _order = [];

    /// <summary>Oldest first.</summary>
    public IEnumerable<MessageFacts> All => _order.Select(id => Find(id)!);

    public MessageFacts? Find(MessageId id) => _facts.TryGetValue(id, out var facts) ? new MessageFacts(id, facts.Author, facts.IsDeleted, facts.Status) : null;

    public void Add(MessageFacts facts)
    {
        var values = (facts.Author, facts.IsDeleted, facts.Status);
        if (!_facts.TryAdd(facts.MessageId, values))
        {
            // A log may hold an id twice; it is kept, and let go, once.
            _facts[facts.MessageId] = values;
            return;
        }
        _order.Enqueue(facts.MessageId);
        if (_order.Count > Capacity)
        {
            _facts.Remove(_order.Dequeue());
        }
    }

    public void MarkDeleted(MessageId id)
    {
        if (_facts.TryGetValue(id, out var facts))
        {
            _facts[id] = facts with { IsDeleted = true };
        }
    }
}
