using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Chat.Actors.Cluster;

/// <summary>
/// A node's one connection to Redis. It comes up by itself, also when Redis is away at the start. The library's own (StackExchange.Redis 1.2) does not always come
/// back: cut off in the middle of a handshake it may wait for ever for an answer on a socket that it has let go, and on one whose other end vanished without a word
/// it waits as long as the system does. So it is asked every second, and where it stays silent while a new one is answered, the new one takes its place.
/// </summary>
public sealed partial class RedisConnection : IAsyncDisposable
{
    public const string Form = "redis://[user:password@]host[:port][/db]";

    private const int DefaultPort = 6379;

    private static readonly TimeSpan AskInterval = TimeSpan.FromSeconds(1);

    /// <summary>Far above what a busy machine makes an answer wait.</summary>
    private static readonly TimeSpan DoubtedAfter = TimeSpan.FromSeconds(5);

    /// <summary>So long the start waits for a Redis that is slow or away.</summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(5);

    private readonly ConfigurationOptions _options;
    private readonly TimeSpan _doubtedAfter;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private volatile ConnectionMultiplexer _current;
    private Task _watching = Task.CompletedTask;

    private RedisConnection(ConnectionMultiplexer first, ConfigurationOptions options, TimeSpan doubtedAfter, TimeProvider time, ILogger logger)
    {
        (_options, _doubtedAfter, _time, _logger) = (options, doubtedAfter, time, logger);
        Use(first);
    }

    /// <summary>Of now: to be asked for anew each time.</summary>
    public IDatabase Database => _current.GetDatabase();

    /// <summary>Of now: to be asked for anew each time.</summary>
    public ISubscriber Subscriber => _current.GetSubscriber();

    public IServer Server => _current.GetServer(_current.GetEndPoints()[0]);

    /// <summary>Commands or subscriptions have their connection again.</summary>
    public event Action<ConnectionType>? Restored;

    /// <summary>Another one has taken its place, which knows of no subscription.</summary>
    public event Action? Replaced;

    /// <param name="doubtedAfter">A connection that has been silent for so long is doubted; null: 5 s.</param>
    /// <exception cref="FormatException">The address is not of the <see cref="Form"/>.</exception>
    public static Task<RedisConnection> OpenAsync(string url, string clientName, TimeProvider time, ILogger logger, TimeSpan? doubtedAfter = null)
    {
        var options = TryParse(url, out var parsed) ? parsed : throw new FormatException($"The address of Redis is not of the form {Form}");
        options.ClientName = clientName;
        return OpenAsync(options, time, logger, doubtedAfter);
    }

    public static async Task<RedisConnection> OpenAsync(ConfigurationOptions options, TimeProvider time, ILogger logger, TimeSpan? doubtedAfter = null)
    {
        var connection = new RedisConnection(await ConnectAsync(options), options, doubtedAfter ?? DoubtedAfter, time, logger);
        connection._watching = Runtime.Detached.Run(connection.WatchAsync);
        return connection;
    }

    public static bool TryParse(string url, [NotNullWhen(true)] out ConfigurationOptions? options)
    {
        options = null;
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("redis" or "rediss") || uri.Host.Length == 0)
        {
            return false;
        }
        var path = uri.AbsolutePath.Trim('/');
        var db = 0;
        if (path.Length > 0 && !int.TryParse(path, NumberStyles.None, CultureInfo.InvariantCulture, out db))
        {
            return false;
        }
        var milliseconds = (int)RedisAnswers.Patience.TotalMilliseconds;
        options = new ConfigurationOptions
        {
            EndPoints = { { uri.Host.Trim('[', ']'), uri.IsDefaultPort || uri.Port < 0 ? DefaultPort : uri.Port } },
            AbortOnConnectFail = false,
            ConnectTimeout = milliseconds,
            SyncTimeout = milliseconds,
            ResponseTimeout = milliseconds,
            ConnectRetry = 1,
            ReconnectRetryPolicy = new LinearRetry(250),
            KeepAlive = 5,
            DefaultDatabase = db,
            // CLIENT LIST, by which the bus sees whether Redis knows of its subscriptions, counts as administration.
            AllowAdmin = true,
            // The library would subscribe to one of its own.
            ConfigurationChannel = "",
            Ssl = uri.Scheme == "rediss",
        };
        var colon = uri.UserInfo.IndexOf(':', StringComparison.Ordinal);
        if (uri.UserInfo.Length > 0)
        {
            options.Password = Uri.UnescapeDataString(uri.UserInfo[(colon + 1)..]);
        }
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _watching;
        _stopping.Dispose();
        _current.Dispose();
    }

    /// <summary>
    /// Returns when subscriptions have their connection too, or Redis keeps it waiting: the library may never send, or take back later, what is subscribed to in the
    /// middle of that handshake (its issues 273, 704 and 1110), and the node would hear nothing of the others as long as it lives.
    /// </summary>
    private static async Task<ConnectionMultiplexer> ConnectAsync(ConfigurationOptions options)
    {
        var connection = await ConnectionMultiplexer.ConnectAsync(options);
        // Each publisher's messages are given to the handlers in their order.
        connection.PreserveAsyncOrder = true;
        var begun = Stopwatch.GetTimestamp();
        while (!connection.GetSubscriber().IsConnected() && Stopwatch.GetElapsedTime(begun) < StartPatience)
        {
            await Task.Delay(10);
        }
        return connection;
    }

    [MemberNotNull(nameof(_current))]
    private void Use(ConnectionMultiplexer connection)
    {
        connection.ConnectionRestored += (_, e) =>
        {
            if (_current == connection)
            {
                Restored?.Invoke(e.ConnectionType);
            }
        };
        _current = connection;
    }

    private async Task WatchAsync()
    {
        var answeredAt = _time.GetTimestamp();
        var doubtedAt = answeredAt;
        var isAway = false;
        while (true)
        {
            await Task.Delay(AskInterval, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_stopping.IsCancellationRequested)
            {
                return;
            }
            if (await AnswersAsync(_current))
            {
                if (isAway)
                {
                    LogBack(_logger, _time.GetElapsedTime(answeredAt).TotalSeconds);
                }
                isAway = false;
                answeredAt = doubtedAt = _time.GetTimestamp();
                continue;
            }
            if (!isAway)
            {
                isAway = true;
                LogAway(_logger);
            }
            if (_time.GetElapsedTime(doubtedAt) >= _doubtedAfter)
            {
                try
                {
                    await TryReplaceAsync();
                }
                catch (Exception e) when (e is not OutOfMemoryException)
                {
                    // Whatever it is, a connection that nobody watches any more might stay away for ever.
                    LogNotReplaced(_logger, e);
                }
                doubtedAt = _time.GetTimestamp();
            }
        }
    }

    private async Task TryReplaceAsync()
    {
        var other = await ConnectAsync(_options);
        if (!await AnswersAsync(other) || await AnswersAsync(_current) || _stopping.IsCancellationRequested)
        {
            // It is Redis that is away, or the old one has come back meanwhile.
            LetGo(other);
            return;
        }
        var old = _current;
        Use(other);
        LetGo(old);
        LogReplaced(_logger);
        Replaced?.Invoke();
        Restored?.Invoke(ConnectionType.Interactive);
        Restored?.Invoke(ConnectionType.Subscription);
    }

    /// <summary>Both of its sockets.</summary>
    private async Task<bool> AnswersAsync(ConnectionMultiplexer connection)
    {
        try
        {
            await Task.WhenAll(connection.GetDatabase().PingAsync(), connection.GetSubscriber().PingAsync()).WaitAsync(RedisAnswers.Patience, _time);
            return true;
        }
        catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Beside all else: to close a socket the library writes what it holds for it, and may wait as long as the system keeps it open.</summary>
    private static void LetGo(ConnectionMultiplexer connection) => _ = Task.Run(() => connection.Close(allowCommandsToComplete: false));

    [LoggerMessage(630, LogLevel.Warning, "Redis does not answer: other nodes' events come late, and typing, presence and rates are this node's own")]
    private static partial void LogAway(ILogger logger);

    [LoggerMessage(631, LogLevel.Information, "Redis answers again, after {Seconds:0.0} s")]
    private static partial void LogBack(ILogger logger, double seconds);

    [LoggerMessage(633, LogLevel.Error, "Another connection to Redis could not be made; it is tried again")]
    private static partial void LogNotReplaced(ILogger logger, Exception fault);

    [LoggerMessage(632, LogLevel.Warning, "The connection to Redis did not come back by itself: another has taken its place")]
    private static partial void LogReplaced(ILogger logger);
}
