namespace Chat.Actors.Cluster;

/// <summary>
/// How long an answer of Redis is waited for. The library (StackExchange.Redis 1.2) ends no asynchronous command by time, and one that was on its way when a
/// connection fell silent may stay without an answer for ever.
/// </summary>
public static class RedisAnswers
{
    /// <summary>As the connection's own time-out: Redis is a doorbell, and nobody waits long at one.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <exception cref="TimeoutException">It may yet be done.</exception>
    public static Task<T> InTimeAsync<T>(this Task<T> answer, TimeProvider time) => answer.WaitAsync(Patience, time);
}
