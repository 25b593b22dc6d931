using System.Diagnostics;
using System.Text.Json;
using Chat.Actors.Delivery;
using Chat.Actors.Persistence;
using Chat.Actors.Runtime;
using Chat.Protocol;
using Microsoft.Extensions.Logging;

namespace Chat.Actors.Sessions;

/// <summary>A session's log and snapshots, as its actor reads and writes them.</summary>
internal sealed partial class SessionLog(SessionId id, SessionServices services, SessionScope scope)
{
    private const int PageSize = 500;

    /// <summary>Appends the batch and notes in it how that ended; never fails.</summary>
    public async Task AppendAsync(AppendBatch batch)
    {
        var started = Stopwatch.GetTimestamp();
        var span = ChatActivity.Source.HasListeners()
            ? ChatActivity.StartAppend(batch.Waiting.OfType<Ask>().Select(ask => ask.Span?.Context ?? default), id.Value, scope.TraceId, batch.Events.Count)
            : null;
        try
        {
            batch.Result = await services.Journal.AppendAsync(batch.Chain, batch.ExpectedHead, batch.Events).ConfigureAwait(false);
        }
        catch (JournalUnavailableException e)
        {
            LogUnconfirmed(services.Logger, e, id.Value);
        }
        catch (Exception e)
        {
            SessionActor.LogFault(services.Logger, e, id.Value);
            batch.Fault = e;
        }
        span?.Dispose();
        ChatMetrics.AppendDuration.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
        ChatMetrics.Appends.Add(1, new KeyValuePair<string, object?>(ChatMetrics.Status, batch.Result switch
        {
            AppendResult.Committed => "committed",
            AppendResult.Conflict => "conflict",
            AppendResult.Broken => "broken",
            _ => "unconfirmed",
        }));
        if (batch.Result == AppendResult.Committed)
        {
            ChatMetrics.AppendedEvents.Add(batch.Events.Count);
        }
        batch.IsDone = true;
    }

    /// <summary>The state of now, and those events that readers have not been given.</summary>
    /// <param name="known">A state that the log had once, which is brought up to now; null reads the newest snapshot and the events after it.</param>
    /// <param name="published">Seq up to which they have; -1 where there have been none.</param>
    /// <param name="publishedNative">Seq of the last of those that the native face shows.</param>
    /// <exception cref="JournalUnavailableException" />
    public async ValueTask<ReadLog> ReadAsync(SessionState? known, long published, long publishedNative)
    {
        var state = known ?? await ReadSnapshotAsync() ?? new SessionState();
        var snapshotSeq = state.Head;
        var (from, native) = (state.Head, state.NativeHead);
        if (published >= 0 && published < from)
        {
            (from, native) = (published, publishedNative);
        }
        var unpublished = new List<EncodedEvent>();
        var writers = new List<(Guid Writer, long Seq)>();
        while (true)
        {
            var page = await services.Journal.ReadAsync(id.Value, from, PageSize, default);
            foreach (var e in page)
            {
                from = e.Seq;
                if (e.Seq > state.Head)
                {
                    state.Apply(e.Event!);
                }
                if (published >= 0 && e.Seq > published)
                {
                    unpublished.Add(new EncodedEvent(e.Seq, native, e.Event!));
                    writers.Add((e.WriterId, e.Seq));
                }
                native = NativeView.Shows(e.Event!) ? e.Seq : native;
            }
            if (page.Count < PageSize)
            {
                return new ReadLog(state, snapshotSeq, unpublished, writers);
            }
        }
    }

    /// <summary>Null where there is none that this version can read: then the log is read from its beginning.</summary>
    private async ValueTask<SessionState?> ReadSnapshotAsync()
    {
        if (await services.Journal.ReadSnapshotAsync(id.Value, long.MaxValue, default) is not { Manifest: SessionSnapshot.Manifest } stored)
        {
            return null;
        }
        try
        {
            return SessionState.FromSnapshot(SessionSnapshot.FromBytes(stored.State));
        }
        catch (JsonException e)
        {
            LogBadSnapshot(services.Logger, e, id.Value);
            return null;
        }
    }

    /// <summary>Keeps a snapshot when those of other sessions are kept; never fails, since losing one loses nothing but time.</summary>
    public async Task SaveAsync(SessionSnapshot snapshot)
    {
        await services.SnapshotTurn.WaitAsync().ConfigureAwait(false);
        try
        {
            await services.Journal.SaveSnapshotAsync(new StoredSnapshot(id.Value, snapshot.Head, snapshot.LastAt, SessionSnapshot.Manifest, snapshot.ToBytes()), default).ConfigureAwait(false);
        }
        catch (JournalUnavailableException e)
        {
            LogSnapshot(services.Logger, e, id.Value);
        }
        finally
        {
            services.SnapshotTurn.Release();
        }
    }

    [LoggerMessage(101, LogLevel.Warning, "An append of session {Session} was not confirmed")]
    private static partial void LogUnconfirmed(ILogger logger, Exception fault, string session);

    [LoggerMessage(102, LogLevel.Warning, "A snapshot of session {Session} was not kept")]
    private static partial void LogSnapshot(ILogger logger, Exception fault, string session);

    [LoggerMessage(103, LogLevel.Warning, "The snapshot of session {Session} cannot be read, so the log is")]
    private static partial void LogBadSnapshot(ILogger logger, Exception fault, string session);
}

/// <summary>What a session's log tells.</summary>
/// <param name="SnapshotSeq">Seq of the state that was read on from; 0 for none.</param>
/// <param name="Unpublished">Events that readers have not been given.</param>
/// <param name="Writers">Who wrote each of those, by seq.</param>
internal sealed record ReadLog(SessionState State, long SnapshotSeq, IReadOnlyList<EncodedEvent> Unpublished, IReadOnlyList<(Guid Writer, long Seq)> Writers);
