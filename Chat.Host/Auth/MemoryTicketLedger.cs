namespace Chat.Host.Auth;

/// <summary>The ledger of one node, in two generations: the older one is dropped whole, when all in it has expired.</summary>
public sealed class MemoryTicketLedger(TimeSpan lifetime, TimeProvider clock, int capacity = MemoryTicketLedger.DefaultCapacity) : ITicketLedger
{
    /// <summary>Per generation. An entry takes some 40 bytes, so both together at most 20 MB; it is 8,700 uses a second for 30 s.</summary>
    public const int DefaultCapacity = 262_144;

    private readonly Lock _gate = new();
    private HashSet<Guid> _young = [];
    private HashSet<Guid> _old = [];
    private DateTimeOffset _turnedAt = clock.GetUtcNow();

    public ValueTask<bool> TryUseAsync(Guid id, DateTimeOffset expires, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        lock (_gate)
        {
            if (now - _turnedAt >= lifetime)
            {
                (_old, _young) = (now - _turnedAt >= 2 * lifetime ? [] : _young, []);
                _turnedAt = now;
            }
            // Full, or asked to remember longer than a generation lives: refusing is safe, forgetting is not.
            return new(expires <= now + lifetime && _young.Count < capacity && !_old.Contains(id) && _young.Add(id));
        }
    }
}
