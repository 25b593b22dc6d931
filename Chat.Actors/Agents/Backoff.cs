using Chat.Actors.Persistence;

namespace Chat.Actors.Agents;

/// <summary>Waits between tries while the storage is away: 100 ms, doubled up to 5 s.</summary>
internal sealed class Backoff(TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);
    private TimeSpan _next = First;

    /// <param name="atLeast">What the refusal asked for.</param>
    public async Task WaitAsync(TimeSpan? atLeast, CancellationToken cancellation)
    {
        var wait = atLeast > _next ? atLeast.Value : _next;
        _next = _next * 2 < Longest ? _next * 2 : Longest;
        await Task.Delay(wait, time, cancellation);
    }

    /// <summary>Reads until the storage answers.</summary>
    public static async Task<T> ReadAsync<T>(Func<CancellationToken, ValueTask<T>> read, TimeProvider time, CancellationToken cancellation)
    {
        for (var backoff = new Backoff(time); ;)
        {
            try
            {
                return await read(cancellation);
            }
            catch (JournalUnavailableException)
            {
                await backoff.WaitAsync(null, cancellation);
            }
        }
    }
}
