namespace Chat.Host.Endpoints;

/// <summary>How many searches run at once on this node, so that they leave the database and the threads to everything else.</summary>
/// <param name="perUser">More of one user are refused at once.</param>
/// <param name="inAll">More wait, <paramref name="wait"/> at most.</param>
internal sealed class SearchTurns(int perUser, int inAll, TimeSpan wait) : IDisposable
{
    private readonly Dictionary<string, int> _running = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _free = new(inAll);

    /// <summary>Null where it is refused; whoever gets it ends it.</summary>
    public async ValueTask<IDisposable?> TakeAsync(string user, CancellationToken cancellation)
    {
        if (!TryEnter(user))
        {
            return null;
        }
        var taken = false;
        try
        {
            taken = await _free.WaitAsync(wait, cancellation);
            return taken ? new Turn(this, user) : null;
        }
        finally
        {
            if (!taken)
            {
                Leave(user);
            }
        }
    }

    public void Dispose() => _free.Dispose();

    private bool TryEnter(string user)
    {
        lock (_running)
        {
            var count = _running.GetValueOrDefault(user);
            if (count >= perUser)
            {
                return false;
            }
            _running[user] = count + 1;
            return true;
        }
    }

    private void Leave(string user)
    {
        lock (_running)
        {
            if (--_running[user] == 0)
            {
                _running.Remove(user);
            }
        }
    }

    private sealed class Turn(SearchTurns turns, string user) : IDisposable
    {
        private bool _ended;

        public void Dispose()
        {
            if (!_ended)
            {
                _ended = true;
                turns._free.Release();
                turns.Leave(user);
            }
        }
    }
}
