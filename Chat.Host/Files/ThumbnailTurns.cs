namespace Chat.Host.Files;

/// <summary>Who may have a picture made small: so many at once on this node, and one of each user, so that nobody's pictures hold up others'.</summary>
internal sealed class ThumbnailTurns(int atOnce, TimeSpan wait, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _all = new(atOnce);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Queue> _users = [];

    /// <summary>Null where the turn has not come in time. The user's own comes first, so that who waits for it is not counted among all.</summary>
    public async Task<IDisposable?> EnterAsync(string userId, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(wait, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        var own = Join(userId);
        var entered = false;
        try
        {
            await own.Turn.WaitAsync(either.Token);
            entered = true;
            await _all.WaitAsync(either.Token);
            return new Turn(this, userId, own);
        }
        catch (OperationCanceledException)
        {
            if (entered)
            {
                own.Turn.Release();
            }
            Leave(userId, own);
            cancellation.ThrowIfCancellationRequested();
            return null;
        }
    }

    public void Dispose() => _all.Dispose();

    private Queue Join(string userId)
    {
        lock (_gate)
        {
            if (!_users.TryGetValue(userId, out var queue))
            {
                _users[userId] = queue = new Queue();
            }
            queue.Count++;
            return queue;
        }
    }

    private void Leave(string userId, Queue queue)
    {
        lock (_gate)
        {
            if (--queue.Count == 0)
            {
                _users.Remove(userId);
                queue.Turn.Dispose();
            }
        }
    }

    private sealed class Queue
    {
        public SemaphoreSlim Turn { get; } = new(1);

        /// <summary>Those who wait, and the one whose turn it is.</summary>
        public int Count { get; set; }
    }

    private sealed class Turn(ThumbnailTurns turns, string userId, Queue own) : IDisposable
    {
        public void Dispose()
        {
            turns._all.Release();
            own.Turn.Release();
            turns.Leave(userId, own);
        }
    }
}
