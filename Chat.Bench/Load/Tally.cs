using Chat.Bench.Measure;

namespace Chat.Bench.Load;

/// <summary>What all members of a run have received. The event loop writes, others look.</summary>
internal sealed class Tally
{
    private readonly Lock _gate = new();
    private Histogram _interval = new();
    private long _deliveries;
    private long _acks;
    private long _chunks;
    private long _from = long.MaxValue;
    private long _to = long.MaxValue;
    private bool _isClosing;

    public long Deliveries => Volatile.Read(ref _deliveries);

    /// <summary>Of answers of the server's own agents.</summary>
    public long Chunks => Volatile.Read(ref _chunks);

    public long Acks => Volatile.Read(ref _acks);

    /// <summary>Of messages due in the window.</summary>
    public Histogram Shown { get; } = new();

    public Histogram Acknowledged { get; } = new();

    /// <summary>Which of the two is shown while the run lasts.</summary>
    public Histogram? Watched { get; set; }

    /// <summary>Messages shown to someone who is not in their room.</summary>
    public long Stray { get; set; }

    /// <summary>Messages that a list left out, as it may: by the next list newer ones had taken their place.</summary>
    public long PassedOver { get; set; }

    public long Refused { get; private set; }

    public long Ends { get; private set; }

    /// <summary>The first thing that went wrong, in the server's words.</summary>
    public string? FirstTrouble { get; private set; }

    public void BeginWindow(long now) => Volatile.Write(ref _from, now);

    public void EndWindow(long now) => Volatile.Write(ref _to, now);

    public void Deliver(long due, long now)
    {
        _deliveries++;
        var latency = Histogram.Nanoseconds(now - due);
        Watch(Shown, latency);
        if (due >= _from && due < _to)
        {
            Shown.Record(latency);
        }
    }

    public void Chunk() => _chunks++;

    /// <summary>From any thread.</summary>
    public void Cycle(long begun, long ended)
    {
        lock (_gate)
        {
            Acknowledge(begun, ended);
        }
    }

    public void Acknowledge(long due, long now)
    {
        _acks++;
        var latency = Histogram.Nanoseconds(now - due);
        Watch(Acknowledged, latency);
        if (due >= _from && due < _to)
        {
            Acknowledged.Record(latency);
        }
    }

    public void Refuse(string why)
    {
        lock (_gate)
        {
            Refused++;
            FirstTrouble ??= why;
        }
    }

    /// <summary>From here on connections end because this side wants it.</summary>
    public void BeginClosing() => _isClosing = true;

    public void End(Member member, string why)
    {
        lock (_gate)
        {
            if (!_isClosing)
            {
                Ends++;
                FirstTrouble ??= $"The connection of {member.UserId} ended: {why}";
            }
        }
    }

    /// <summary>Of those that are watched, since the last call.</summary>
    public Histogram TakeInterval() => Interlocked.Exchange(ref _interval, new Histogram());

    private void Watch(Histogram histogram, long latency)
    {
        if (Watched == histogram)
        {
            _interval.Record(latency);
        }
    }
}
