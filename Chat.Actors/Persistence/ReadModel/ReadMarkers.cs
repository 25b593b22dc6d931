using System.Data.Common;
using Chat.Protocol;
using Microsoft.Extensions.Logging;

namespace Chat.Actors.Persistence;

/// <summary>
/// How far each user has read each session. Not events: a number that only rises, kept beside the read model and written in batches. What a crash takes
/// with it is at most the last moments' marks, whose messages are then unread again.
/// </summary>
public sealed partial class ReadMarkers : IAsyncDisposable
{
    private const int BatchSize = 500;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly ReadDatabase _database;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private Dictionary<(string User, string Session), long> _raised = [];
    private Task _inBackground = Task.CompletedTask;
    private bool _isScheduled;
    private bool _isFailing;
    private bool _isDisposed;

    public ReadMarkers(ReadDatabase database, TimeProvider time, ILogger<ReadMarkers> log)
    {
        _database = database;
        _time = time;
        _log = log;
        _timer = time.CreateTimer(_ => FlushInBackground(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>
    /// Costs the same whatever has been read before. A seq above the session's head would hide messages still to come: the caller cuts it to the head.
    /// </summary>
    public void Raise(string userId, SessionId session, long seq)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var key = (userId, session.Value);
            if (_raised.TryGetValue(key, out var before) && before >= seq)
            {
                return;
            }
            _raised[key] = seq;
            if (_raised.Count == BatchSize || !_isScheduled)
            {
                _isScheduled = true;
                _timer.Change(_raised.Count >= BatchSize ? TimeSpan.Zero : Interval, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>The marker as of the last <see cref="Raise"/> on this node; 0 where there is none.</summary>
    /// <exception cref="JournalUnavailableException" />
    public async ValueTask<long> ReadAsync(string userId, SessionId session, CancellationToken cancellation = default)
    {
        await FlushAsync(cancellation);
        try
        {
            await using var connection = await _database.OpenAsync(cancellation);
            return await SessionQueries.MarkerAsync(connection, userId, session, cancellation);
        }
        catch (DbException e)
        {
            throw new JournalUnavailableException("The read markers' database did not answer", e);
        }
    }

    /// <summary>Returns when every marker raised before the call is stored, for other nodes to see.</summary>
    /// <exception cref="JournalUnavailableException">They are kept, and tried again.</exception>
    public async ValueTask FlushAsync(CancellationToken cancellation = default)
    {
        try
        {
            await WriteAsync(cancellation);
        }
        catch (DbException e)
        {
            throw new JournalUnavailableException("The read markers' database did not answer", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }
            _isDisposed = true;
        }
        await _timer.DisposeAsync();
        await _inBackground;
        await WriteInBackgroundAsync();
        _writing.Dispose();
    }

    private async Task WriteAsync(CancellationToken cancellation)
    {
        // Also waits for a write under way, which may hold what the caller has raised.
        await _writing.WaitAsync(cancellation);
        try
        {
            Dictionary<(string User, string Session), long> batch;
            lock (_gate)
            {
                batch = _raised;
                _raised = [];
                _isScheduled = false;
            }
            if (batch.Count == 0)
            {
                return;
            }
            try
            {
                await StoreAsync(batch, cancellation);
            }
            catch
            {
                foreach (var ((user, session), seq) in batch)
                {
                    PutBack(user, session, seq);
                }
                throw;
            }
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task StoreAsync(Dictionary<(string User, string Session), long> batch, CancellationToken cancellation)
    {
        const string Sql =
            """
            INSERT INTO chat_read_markers (user_id, session_id, seq, updated_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (user_id, session_id) DO UPDATE SET seq = excluded.seq, updated_at = excluded.updated_at WHERE excluded.seq > chat_read_markers.seq
            """;
        var now = _time.GetUtcNow().ToMilliseconds();
        // In one order on every node, so that two of them cannot hold each other's rows.
        var statements = batch
            .OrderBy(row => row.Key.User, StringComparer.Ordinal).ThenBy(row => row.Key.Session, StringComparer.Ordinal)
            .Select(row => new ReadStatement(Sql, [row.Key.User, row.Key.Session, row.Value, now])).ToList();
        await using var connection = await _database.OpenAsync(cancellation);
        try
        {
            await StoreAsync(connection, statements, cancellation);
        }
        catch (Exception e) when (_database.IsOfTheData(e))
        {
            // A marker that no column can hold is dropped alone.
            foreach (var statement in statements)
            {
                try
                {
                    await StoreAsync(connection, [statement], cancellation);
                }
                catch (Exception one) when (_database.IsOfTheData(one))
                {
                    LogDropped(_log, one);
                }
            }
        }
    }

    private async Task StoreAsync(DbConnection connection, IReadOnlyList<ReadStatement> statements, CancellationToken cancellation)
    {
        await using var transaction = await _database.BeginWriteAsync(connection, cancellation);
        await _database.ExecuteAsync(transaction, statements, cancellation);
        await transaction.CommitAsync(cancellation);
    }

    private void PutBack(string user, string session, long seq)
    {
        lock (_gate)
        {
            var key = (user, session);
            _raised[key] = Math.Max(seq, _raised.GetValueOrDefault(key));
            if (!_isScheduled && !_isDisposed)
            {
                _isScheduled = true;
                _timer.Change(Interval * 4, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void FlushInBackground()
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }
            if (_inBackground.IsCompleted)
            {
                _inBackground = Task.Run(WriteInBackgroundAsync);
            }
            else
            {
                // What was raised since that write took its batch must not be forgotten.
                _timer.Change(Interval, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private async Task WriteInBackgroundAsync()
    {
        try
        {
            await WriteAsync(CancellationToken.None);
            _isFailing = false;
        }
        catch (Exception e) when (e is DbException or IOException or InvalidOperationException)
        {
            if (!_isFailing)
            {
                _isFailing = true;
                LogFailure(_log, e);
            }
        }
    }

    [LoggerMessage(3011, LogLevel.Error, "Dropped a read marker that cannot be stored")]
    private static partial void LogDropped(ILogger log, Exception e);

    [LoggerMessage(3010, LogLevel.Error, "Read markers cannot be stored; trying on")]
    private static partial void LogFailure(ILogger log, Exception e);
}
