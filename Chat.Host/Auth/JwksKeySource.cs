using Chat.Host.Configuration;

namespace Chat.Host.Auth;

/// <summary>
/// The keys of RS256 and ES256, from an address or a file. Read at first use, again in the background once they are old, and at
/// once for an unknown <c>kid</c>, but never more often than <see cref="Pause"/>. A reading that fails leaves the old keys in force.
/// </summary>
internal sealed partial class JwksKeySource(
    JwtOptions options, Func<CancellationToken, Task<string>> read, TimeProvider clock, ILogger<JwksKeySource> log)
    : IKeySource, IDisposable
{
    public static readonly TimeSpan RefreshAfter = TimeSpan.FromMinutes(15);

    /// <summary>Between two readings, so that tokens with invented key ids cannot be turned into load on the issuer.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _reading = Task.CompletedTask;
    private long? _startedAt;
    private volatile KeySet? _current;

    private sealed record KeySet(string Text, IReadOnlyList<VerificationKey> Keys, long ReadAt);

    public async ValueTask<IReadOnlyList<VerificationKey>?> FindAsync(string? kid, CancellationToken cancellation)
    {
        if (_current is null)
            await Reading().WaitAsync(cancellation);
        if (_current is not { } set)
            return null;
        if (clock.GetElapsedTime(set.ReadAt) > RefreshAfter)
            _ = Reading();

        var found = Matching(set, kid);
        if (found.Count > 0)
            return found;
        await Reading().WaitAsync(cancellation);
        return Matching(_current, kid);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private static IReadOnlyList<VerificationKey> Matching(KeySet set, string? kid) =>
        kid is null ? set.Keys : [.. set.Keys.Where(key => key.Kid is null || key.Kid == kid)];

    /// <summary>The reading under way, or a new one, or nothing to wait for while the last is too recent. Never faults.</summary>
    private Task Reading()
    {
        lock (_gate)
        {
            if (!_reading.IsCompleted || (_startedAt is { } last && clock.GetElapsedTime(last) < Pause))
                return _reading;
            _startedAt = clock.GetTimestamp();
            return _reading = Task.Run(ReadAsync);
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            limit.CancelAfter(ReadTimeout);
            var text = await read(limit.Token);
            var at = clock.GetTimestamp();
            // The same text keeps its keys, and with them the handles that were opened for them.
            if (_current is { } old && old.Text == text)
            {
                _current = old with { ReadAt = at };
                return;
            }
            var keys = Jwks.Parse(text, options);
            if (keys.Count == 0)
                LogEmpty(options.Algorithm);
            else
                _current = new KeySet(text, keys, at);
        }
        catch (Exception fault) when (_stop.IsCancellationRequested)
        {
            LogStopped(fault.GetType().Name);
        }
        catch (Exception fault)
        {
            LogFailed(fault);
        }
    }

    [LoggerMessage(310, LogLevel.Warning, "The key set holds no usable {Algorithm} key; the keys at hand stay in force")]
    private partial void LogEmpty(string algorithm);

    [LoggerMessage(311, LogLevel.Warning, "The key set cannot be read; the keys at hand stay in force")]
    private partial void LogFailed(Exception fault);

    [LoggerMessage(312, LogLevel.Debug, "Reading the key set was given up at shutdown ({Fault})")]
    private partial void LogStopped(string fault);
}
