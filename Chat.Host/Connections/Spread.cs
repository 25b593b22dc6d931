namespace Chat.Host.Connections;

/// <summary>Does something to many, not to all at once: whoever is sent away comes back somewhere else.</summary>
internal static class Spread
{
    /// <summary>So many a second harm nobody, however little time there would be to fill.</summary>
    private const int HarmlessPerSecond = 200;

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    /// <param name="time">At most; few items take less.</param>
    public static async Task OverAsync<T>(IReadOnlyCollection<T> items, TimeSpan time, TimeProvider clock, Action<T> act, CancellationToken cancellation)
    {
        var harmless = TimeSpan.FromSeconds((double)items.Count / HarmlessPerSecond);
        var steps = Math.Max(1, (int)((time < harmless ? time : harmless) / Step));
        foreach (var some in items.Chunk((items.Count + steps - 1) / steps is > 0 and var size ? size : 1))
        {
            Array.ForEach(some, act);
            if (steps > 1)
            {
                // When time runs out the rest goes at once.
                await Task.Delay(Step, clock, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
