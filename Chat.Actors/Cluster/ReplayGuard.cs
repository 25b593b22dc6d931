namespace Chat.Actors.Cluster;

/// <summary>
/// Knows the messages that have come already: whoever can write to Redis could send what was overheard again, in the time for which an envelope is good. Of a
/// publisher's messages on a topic one that is not newer than the last is dropped.
/// </summary>
internal sealed class ReplayGuard(TimeProvider time)
{
    /// <summary>Topics come and go with their readers; what is older than an envelope may be is forgotten each time so many have been added.</summary>
    private const int SweepEvery = 1_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Topic, string Node), long> _last = [];
    private int _added;

    public bool IsNew(string topic, BusMessage message)
    {
        lock (_gate)
        {
            if (!_last.TryGetValue((topic, message.Node), out var last) && ++_added >= SweepEvery)
            {
                _added = 0;
                Sweep();
            }
            if (message.Number <= last)
            {
                return false;
            }
            _last[(topic, message.Node)] = message.Number;
            return true;
        }
    }

    private void Sweep()
    {
        var oldest = (time.GetUtcNow() - BusEnvelope.MaxAge).UtcTicks;
        foreach (var (key, number) in _last)
        {
            if (number < oldest)
            {
                _last.Remove(key);
            }
        }
    }
}
