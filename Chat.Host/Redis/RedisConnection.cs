using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using StackExchange.Redis;

namespace Chat.Host.Redis;

/// <summary>The one connection to Redis, from its address in URL form. It comes up by itself, also when Redis is away at the start.</summary>
internal static class RedisConnection
{
    public const string Form = "redis://[user:password@]host[:port][/db]";

    private const int DefaultPort = 6379;

    /// <summary>What waits for an answer of Redis is told so after this: it is a doorbell, and nobody waits long at one.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    /// <summary>So long the start waits for a Redis that is slow or away.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Returns when subscriptions have their connection too, or Redis keeps it waiting: the library may never send, or take back later, what is subscribed to in the
    /// middle of that handshake (its issues 273, 704 and 1110), and the node would hear nothing of the others as long as it lives.
    /// </summary>
    public static async Task<ConnectionMultiplexer> OpenAsync(string url, string clientName)
    {
        var options = TryParse(url, out var parsed) ? parsed : throw new FormatException($"The address of Redis is not of the form {Form}");
        options.ClientName = clientName;
        var connection = await ConnectionMultiplexer.ConnectAsync(options);
        var begun = Stopwatch.GetTimestamp();
        while (!connection.GetSubscriber().IsConnected() && Stopwatch.GetElapsedTime(begun) < Patience)
        {
            await Task.Delay(10);
        }
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
        var milliseconds = (int)Timeout.TotalMilliseconds;
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
}
