using Chat.Actors.Cluster;
using Chat.Actors.Runtime;
using Chat.Actors.Sessions;
using Chat.Protocol;
using StackExchange.Redis;

namespace Chat.Host.Redis;

/// <summary>
/// Posts what other services add to the stream <c>chat:inbound</c>, each entry once: an entry leaves the stream when it is durable or refused, and one that is read again
/// after a failure carries the client id that it had. One node reads at a time, so that entries keep their order; another takes over with what was left.
/// </summary>
internal sealed partial class InboundStream : IAsyncDisposable
{
    public const string Stream = "chat:inbound";
    public const string RefusedStream = "chat:inbound:refused";
    private const string Group = "chat";

    /// <summary>Entries read at once; they share commits.</summary>
    private const int BatchSize = 64;

    /// <summary>Refused entries that are kept, about.</summary>
    private const int RefusedKept = 10_000;

    /// <summary>Asked without waiting in Redis, since that would hold up all else on the one connection.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>After a failure of Redis or the storage.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    /// <summary>An entry that a reader has not ended by then is read by the next one. Longer than <c>storage.append-timeout</c>, or an entry would be posted twice at once.</summary>
    private static readonly TimeSpan LeftAfter = TimeSpan.FromSeconds(15);

    private readonly RedisConnection _redis;
    private readonly ISessionGateway _gateway;
    private readonly string _consumer;
    private readonly Func<bool> _isReader;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _reading;

    /// <param name="isReader">This node is the one that is to read; may be true on two nodes for a while.</param>
    public InboundStream(RedisConnection redis, ISessionGateway gateway, string node, Func<bool> isReader, TimeProvider time, ILogger logger)
    {
        _redis = redis;
        _gateway = gateway;
        _consumer = node;
        _isReader = isReader;
        _time = time;
        _logger = logger;
        _reading = Task.Run(ReadAsync);
    }

    /// <summary>Returns when what was read is posted.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _reading;
        _stopping.Dispose();
    }

    private async Task ReadAsync()
    {
        var hasGroup = false;
        while (!_stopping.IsCancellationRequested)
        {
            var wait = PollInterval;
            try
            {
                if (_isReader())
                {
                    if (!hasGroup)
                    {
                        await MakeGroupAsync();
                        hasGroup = true;
                    }
                    wait = await ReadOnceAsync() ? TimeSpan.Zero : PollInterval;
                }
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // Of Redis, of the storage, or of a session that has failed and logged it: what was read is read again.
                LogAway(_logger, e.Message);
                // It may be a Redis that knows nothing of it.
                hasGroup = false;
                wait = Rest;
            }
            await Task.Delay(wait, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async ValueTask MakeGroupAsync()
    {
        try
        {
            // From the stream's beginning: what was added before the first start is posted too.
            await _redis.Database.ExecuteAsync("XGROUP", "CREATE", Stream, Group, "0", "MKSTREAM").InTimeAsync(_time);
        }
        catch (RedisServerException e) when (e.Message.StartsWith("BUSYGROUP", StringComparison.Ordinal))
        {
            // It is there.
        }
    }

    /// <summary>True where there may be more.</summary>
    private async ValueTask<bool> ReadOnceAsync()
    {
        await _redis.Database.ExecuteAsync("XAUTOCLAIM", Stream, Group, _consumer, (long)LeftAfter.TotalMilliseconds, "0", "COUNT", BatchSize).InTimeAsync(_time);
        // What this node has read and not ended comes first.
        var entries = EntriesOf(await _redis.Database.ExecuteAsync("XREADGROUP", "GROUP", Group, _consumer, "COUNT", BatchSize, "STREAMS", Stream, "0").InTimeAsync(_time));
        if (entries.Count == 0)
        {
            entries = EntriesOf(await _redis.Database.ExecuteAsync("XREADGROUP", "GROUP", Group, _consumer, "COUNT", BatchSize, "STREAMS", Stream, ">").InTimeAsync(_time));
        }
        var isStored = true;
        foreach (var (entry, asked) in await AskAllAsync(entries))
        {
            isStored &= await EndAsync(entry, await asked);
        }
        if (!isStored)
        {
            await Task.Delay(Rest, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        return entries.Count > 0;
    }

    /// <summary>Handed over one after the other, without waiting for answers between them.</summary>
    private async ValueTask<List<(InboundEntry Entry, Task<Reply> Reply)>> AskAllAsync(List<InboundEntry> entries)
    {
        var commands = new List<(InboundEntry Entry, SessionId Session, Reply? Refused, PostMessage? Command)>();
        foreach (var entry in entries)
        {
            var refused = entry.Check();
            var session = new SessionId(entry.SessionId);
            commands.Add((entry, session, refused, refused is null ? entry.CommandFor(await _gateway.ReadAsync(session)) : null));
        }
        return [.. commands.Select(c => (c.Entry, c.Refused is { } refused ? Task.FromResult(refused) : _gateway.AskAsync(c.Session, c.Command!).AsTask()))];
    }

    /// <summary>False where the entry stays, to be tried again.</summary>
    private async ValueTask<bool> EndAsync(InboundEntry entry, Reply reply)
    {
        if (reply is Rejected { Code: ErrorCode.StorageUnavailable or ErrorCode.ClusterUnavailable })
        {
            return false;
        }
        if (reply is Rejected rejected)
        {
            object[] arguments = [RefusedStream, "MAXLEN", "~", RefusedKept, "*", "entry_id", entry.Id, "code", rejected.Code.Name(), "reason", rejected.Text, .. entry.Fields];
            await _redis.Database.ExecuteAsync("XADD", arguments).InTimeAsync(_time);
            LogRefused(_logger, entry.Id, rejected.Code.Name());
        }
        ChatMetrics.InboundEntries.Add(1, new KeyValuePair<string, object?>(ChatMetrics.Status, reply is Rejected ? "refused" : "posted"));
        await _redis.Database.ExecuteAsync("XACK", Stream, Group, entry.Id).InTimeAsync(_time);
        await _redis.Database.ExecuteAsync("XDEL", Stream, entry.Id).InTimeAsync(_time);
        return true;
    }

    private static List<InboundEntry> EntriesOf(RedisResult result)
    {
        if (result.IsNull)
        {
            return [];
        }
        var entries = (RedisResult[])((RedisResult[])((RedisResult[])result!)[0]!)[1]!;
        return [.. entries.Select(entry => (RedisResult[])entry!).Select(entry => new InboundEntry((string)entry[0]!, entry[1].IsNull ? [] : (string[])entry[1]!))];
    }

    [LoggerMessage(620, LogLevel.Warning, "The inbound stream cannot be read or its entries not be stored: {Reason}")]
    private static partial void LogAway(ILogger logger, string reason);

    [LoggerMessage(621, LogLevel.Information, "Entry {Entry} of the inbound stream was refused: {Code}")]
    private static partial void LogRefused(ILogger logger, string entry, string code);
}
