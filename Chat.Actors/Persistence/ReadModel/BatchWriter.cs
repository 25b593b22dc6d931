using System.Data.Common;

namespace Chat.Actors.Persistence;

/// <summary>Writes batches of events and the offset they lead to, each in one transaction.</summary>
internal sealed class BatchWriter(ReadDatabase database, TimeProvider time)
{
    private const string Savepoint = "one_event";

    /// <summary>What of the batch was set aside and why; null where another projector was there first, and nothing of it is written.</summary>
    public async Task<IReadOnlyList<(StoredEvent Event, string Error)>?> WriteAsync(
        DbConnection connection, long position, IReadOnlyList<StoredEvent> events, CancellationToken cancellation)
    {
        try
        {
            return await WriteTogetherAsync(connection, position, events, cancellation);
        }
        catch (Exception e) when (database.IsOfTheData(e))
        {
            return await WriteOneByOneAsync(connection, position, events, cancellation);
        }
    }

    private async Task<IReadOnlyList<(StoredEvent Event, string Error)>?> WriteTogetherAsync(
        DbConnection connection, long position, IReadOnlyList<StoredEvent> events, CancellationToken cancellation)
    {
        await using var transaction = await database.BeginWriteAsync(connection, cancellation);
        if (!await MoveOffsetAsync(transaction, position, events[^1].Ordering, cancellation))
        {
            return null;
        }
        await database.ExecuteAsync(transaction, EventProjection.Of(events, database.Search, time.GetUtcNow()), cancellation);
        await transaction.CommitAsync(cancellation);
        return [.. events.Where(stored => stored.Event is null).Select(stored => (stored, EventProjection.ErrorOf(stored)))];
    }

    /// <summary>Something in the batch cannot be applied: finds out what, sets it aside and keeps the rest.</summary>
    private async Task<IReadOnlyList<(StoredEvent Event, string Error)>?> WriteOneByOneAsync(
        DbConnection connection, long position, IReadOnlyList<StoredEvent> events, CancellationToken cancellation)
    {
        var setAside = new List<(StoredEvent Event, string Error)>();
        await using var transaction = await database.BeginWriteAsync(connection, cancellation);
        if (!await MoveOffsetAsync(transaction, position, events[^1].Ordering, cancellation))
        {
            return null;
        }
        foreach (var stored in events)
        {
            if (await WriteOneAsync(transaction, stored, cancellation) is { } error)
            {
                setAside.Add((stored, error));
            }
        }
        await transaction.CommitAsync(cancellation);
        return setAside;
    }

    private async Task<string?> WriteOneAsync(DbTransaction transaction, StoredEvent stored, CancellationToken cancellation)
    {
        await transaction.SaveAsync(Savepoint, cancellation);
        string? error = null;
        try
        {
            await database.ExecuteAsync(transaction, EventProjection.Of([stored], database.Search, time.GetUtcNow()), cancellation);
            error = stored.Event is null ? EventProjection.ErrorOf(stored) : null;
        }
        catch (Exception e) when (database.IsOfTheData(e))
        {
            await transaction.RollbackAsync(Savepoint, cancellation);
            error = e.Message;
            await database.ExecuteAsync(transaction, [EventProjection.SetAside(stored, error, time.GetUtcNow())], cancellation);
        }
        await transaction.ReleaseAsync(Savepoint, cancellation);
        return error;
    }

    private async Task<bool> MoveOffsetAsync(DbTransaction transaction, long from, long to, CancellationToken cancellation)
    {
        var changed = await database.ExecuteAsync(
            transaction,
            [new("UPDATE chat_projection SET ordering = $3 WHERE name = $1 AND ordering = $2", [ReadDatabase.Projection, from, to])],
            cancellation);
        return changed == 1;
    }
}
