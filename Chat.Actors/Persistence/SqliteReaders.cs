using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Chat.Actors.Persistence;

/// <summary>The read connections of a file: in WAL they neither wait for the writer nor hold it up.</summary>
internal sealed class SqliteReaders(string path, JournalOptions options) : IDisposable
{
    private readonly ConcurrentBag<SqliteReadConnection> idle = [];
    private readonly SemaphoreSlim free = new(options.Readers);
    private volatile bool closed;

    /// <summary>Runs the query on the caller's thread once a connection is free.</summary>
    /// <exception cref="JournalUnavailableException" />
    public async ValueTask<TResult> ReadAsync<TState, TResult>(TState state, Func<SqliteReadConnection, TState, TResult> query, CancellationToken cancellation)
    {
        await free.WaitAsync(cancellation).ConfigureAwait(false);
        SqliteReadConnection? connection = null;
        try
        {
            if (closed)
            {
                throw new JournalUnavailableException("The journal is closed");
            }
            if (!idle.TryTake(out connection))
            {
                connection = new SqliteReadConnection(path, options);
            }
            return query(connection, state);
        }
        catch (SqliteException e)
        {
            // It may be the connection that is broken; the next read opens another.
            connection?.Dispose();
            connection = null;
            throw new JournalUnavailableException($"SQLite cannot be read: {e.Message}", e);
        }
        finally
        {
            Return(connection);
            free.Release();
        }
    }

    /// <summary>Reads under way end undisturbed; their connections close as they come back.</summary>
    public void Dispose()
    {
        closed = true;
        CloseIdle();
    }

    private void Return(SqliteReadConnection? connection)
    {
        if (connection is not null)
        {
            idle.Add(connection);
        }
        if (closed)
        {
            CloseIdle();
        }
    }

    private void CloseIdle()
    {
        while (idle.TryTake(out var connection))
        {
            connection.Dispose();
        }
    }
}
