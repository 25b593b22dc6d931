namespace Chat.Actors.Cluster;

/// <summary>How long one node's messages are on their way to this one, though the nodes' clocks differ: the quickest of late stands for that difference.</summary>
internal sealed class TransitTimes(TimeProvider time)
{
    /// <summary>For so long at least the quickest message is remembered; then clocks may have been set.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private TimeSpan _quickest = TimeSpan.MaxValue;
    private TimeSpan _quickestBefore = TimeSpan.MaxValue;
    private long _since = time.GetTimestamp();

    /// <summary>Longer than the quickest one of late. A node that was stopped finds all that was sent to it meanwhile.</summary>
    /// <param name="sentAt">By the other node's clock.</param>
    public TimeSpan DelayOf(DateTimeOffset sentAt)
    {
        lock (_gate)
        {
            if (time.GetElapsedTime(_since) > Memory)
            {
                (_quickestBefore, _quickest, _since) = (_quickest, TimeSpan.MaxValue, time.GetTimestamp());
            }
            var taken = time.GetUtcNow() - sentAt;
            _quickest = taken < _quickest ? taken : _quickest;
            return taken - (_quickest < _quickestBefore ? _quickest : _quickestBefore);
        }
    }
}
