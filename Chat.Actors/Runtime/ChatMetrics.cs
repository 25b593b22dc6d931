using System.Diagnostics.Metrics;

namespace Chat.Actors.Runtime;

/// <summary>Every instrument of this server. None has a session, user or message as a tag: each value of a tag is a series for ever.</summary>
public static class ChatMetrics
{
    public const string MeterName = "Chat";

    /// <summary>Tag: <c>native</c>, <c>sse</c> and the other faces.</summary>
    public const string Face = "chat.face";

    /// <summary>Tag: a name of <see cref="Protocol.ErrorCodes"/>.</summary>
    public const string Code = "chat.code";

    /// <summary>Tag: how something ended.</summary>
    public const string Status = "chat.status";

    private static readonly Meter Meter = new(MeterName);

    /// <summary>SQLite on a disk syncs in 1 to 20 ms, PostgreSQL over a network in 1 to 5; beyond a second something is wrong.</summary>
    private static readonly InstrumentAdvice<double> StorageSeconds = new()
    {
        HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    };

    private static readonly InstrumentAdvice<int> Sizes = new() { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] };

    /// <summary>Sockets and event streams; tag <see cref="Face"/>.</summary>
    public static readonly UpDownCounter<long> Connections =
        Meter.CreateUpDownCounter<long>("chat.connections", "{connection}", "Sockets and event streams that are open");

    public static readonly UpDownCounter<long> SessionsLoaded =
        Meter.CreateUpDownCounter<long>("chat.sessions.loaded", "{session}", "Sessions in memory");

    /// <summary>Tag <see cref="Status"/>: <c>committed</c>, <c>conflict</c>, <c>broken</c>, <c>unconfirmed</c>.</summary>
    public static readonly Counter<long> Appends =
        Meter.CreateCounter<long>("chat.journal.appends", "{append}", "Appends to logs, by how they ended");

    public static readonly Counter<long> AppendedEvents =
        Meter.CreateCounter<long>("chat.journal.events", "{event}", "Events committed");

    /// <summary>From the call to its answer.</summary>
    public static readonly Histogram<double> AppendDuration =
        Meter.CreateHistogram("chat.journal.append.duration", "s", "Time from an append's call to its answer", advice: StorageSeconds);

    public static readonly Histogram<int> GroupSize =
        Meter.CreateHistogram("chat.journal.group.size", "{append}", "Appends in one transaction", advice: Sizes);

    /// <summary>Frames queued for live readers; to be added per batch, not per frame.</summary>
    public static readonly Counter<long> Deliveries =
        Meter.CreateCounter<long>("chat.deliveries", "{frame}", "Frames queued for live readers");

    public static readonly Counter<long> QueueOverflows =
        Meter.CreateCounter<long>("chat.queue.overflows", "{overflow}", "Live readers set back to reading from the journal");

    public static readonly Counter<long> SlowReaderCloses =
        Meter.CreateCounter<long>("chat.slow_reader.closes", "{connection}", "Readers closed because they stayed too far behind");

    /// <summary>Of what is shown to other services: Redis was away or too slow.</summary>
    public static readonly Counter<long> PublicFramesDropped =
        Meter.CreateCounter<long>("chat.redis.dropped", "{frame}", "Frames for other services that Redis did not take");

    /// <summary>Tag <see cref="Status"/>: <c>posted</c> or <c>refused</c>.</summary>
    public static readonly Counter<long> InboundEntries =
        Meter.CreateCounter<long>("chat.inbound.entries", "{entry}", "Entries of the inbound stream, by how they ended");

    /// <summary>Over all faces; repeats of a send are not counted again.</summary>
    public static readonly Counter<long> MessagesAccepted =
        Meter.CreateCounter<long>("chat.messages.accepted", "{message}", "Messages stored");

    /// <summary>Over all faces; tag <see cref="Code"/>.</summary>
    public static readonly Counter<long> MessagesRejected =
        Meter.CreateCounter<long>("chat.messages.rejected", "{message}", "Messages refused, by code");

    /// <summary>Tag <see cref="Status"/>: <c>stored</c>, <c>refused</c>, or <c>broken</c> where the client or the storage went away.</summary>
    public static readonly Counter<long> Uploads =
        Meter.CreateCounter<long>("chat.files.uploads", "{upload}", "Uploads whose body was read, by how they ended");

    public static readonly Counter<long> UploadedBytes =
        Meter.CreateCounter<long>("chat.files.bytes", "By", "Bytes of files stored");

    /// <summary>Tag <see cref="Status"/>: <c>made</c>, <c>failed</c> or <c>no_turn</c>.</summary>
    public static readonly Counter<long> Thumbnails =
        Meter.CreateCounter<long>("chat.files.thumbnails", "{thumbnail}", "Thumbnails, by how they ended");

    public static readonly Counter<long> FilesSwept =
        Meter.CreateCounter<long>("chat.files.swept", "{file}", "Files and thumbnails removed because no message has them");

    /// <summary>Tag <see cref="Status"/>: one of <see cref="Protocol.StreamStatus"/>.</summary>
    public static readonly Counter<long> AgentRuns =
        Meter.CreateCounter<long>("chat.agent.runs", "{run}", "Agents' answers that ended, by how");

    /// <summary>From the pipeline's chunk to its commit.</summary>
    public static readonly Histogram<double> ChunkLatency =
        Meter.CreateHistogram("chat.agent.chunk.latency", "s", "Time from a chunk of an answer to its commit", advice: StorageSeconds);

    /// <summary>Measured when someone asks for metrics or readiness.</summary>
    public static readonly Gauge<long> ProjectorLag =
        Meter.CreateGauge<long>("chat.projector.lag", "{event}", "Orderings that the read model is behind the journal");

    public static readonly Counter<long> PoisonEvents =
        Meter.CreateCounter<long>("chat.projector.poison_events", "{event}", "Events that the read model could not show and set aside");
}
