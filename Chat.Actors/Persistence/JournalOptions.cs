using Chat.Protocol;

namespace Chat.Actors.Persistence;

/// <summary>How a journal gathers, commits and gives up.</summary>
public sealed record JournalOptions
{
    /// <summary>The node's.</summary>
    public EventCodec Events { get; init; } = new();

    /// <summary>
    /// Longest that an append waits for its commit before it fails as <see cref="JournalUnavailableException"/>, time in the queue included.
    /// The database may still commit it. Also the time a SQLite writer waits for another process's lock, and the longest that a session waits for PostgreSQL to read its log.
    /// </summary>
    public TimeSpan AppendTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A query over all logs, or of the read model, that takes longer fails as <see cref="JournalUnavailableException"/> (PostgreSQL only).</summary>
    public TimeSpan QueryTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Appends in one commit at most. More only makes the first of them wait for the last.</summary>
    public int GroupAppends { get; init; } = 2048;

    /// <summary>Bytes of events in one commit at most; a single append larger than this is committed alone.</summary>
    public int GroupBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Read connections that SQLite keeps at most; a further read waits for one of them.</summary>
    public int Readers { get; init; } = 2 * Environment.ProcessorCount;

    /// <summary>Largest size of SQLite's file in bytes; an append beyond it fails as on a full disk. Null: as large as the disk.</summary>
    public long? MaxFileBytes { get; init; }
}
