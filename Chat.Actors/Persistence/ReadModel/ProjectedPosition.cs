namespace Chat.Actors.Persistence;

/// <summary>How far the read model is, and those who wait for it to be further.</summary>
internal sealed class ProjectedPosition(TimeProvider time)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _moved = NewSignal();
    private long _value;
    private int _waiting;

    public long Value => Interlocked.Read(ref _value);

    public bool IsAwaited => Volatile.Read(ref _waiting) > 0;

    public void MoveTo(long position)
    {
        if (Interlocked.Exchange(ref _value, position) == position)
        {
            return;
        }
        TaskCompletionSource moved;
        lock (_gate)
        {
            moved = _moved;
            _moved = NewSignal();
        }
        moved.SetResult();
    }

    /// <summary>False where the time ran out first.</summary>
    /// <param name="onWait">Called once, where there is something to wait for, after <see cref="IsAwaited"/> is true.</param>
    public async ValueTask<bool> WaitAsync(long position, TimeSpan timeout, Action onWait, CancellationToken cancellation)
    {
        if (Value >= position)
        {
            return true;
        }
        Interlocked.Increment(ref _waiting);
        try
        {
            onWait();
            var start = time.GetTimestamp();
            while (true)
            {
                // Taken before the look at the value: a move between the two completes it.
                var moved = Moved();
                if (Value >= position)
                {
                    return true;
                }
                var left = timeout - time.GetElapsedTime(start);
                if (left <= TimeSpan.Zero)
                {
                    return false;
                }
                try
                {
                    await moved.WaitAsync(left, time, cancellation);
                }
                catch (TimeoutException)
                {
                    return Value >= position;
                }
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private Task Moved()
    {
        lock (_gate)
        {
            return _moved.Task;
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
