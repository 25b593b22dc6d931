using Chat.Protocol;

namespace Chat.Actors.Persistence;

/// <summary>What stands in the tables' columns, the same in every database.</summary>
public static class JournalFormat
{
    /// <summary>
    /// <c>journal.identifier</c> and <c>snapshot.serializer_id</c> of everything that is written here: the id under which an Akka.NET engine
    /// registers the serializer of these bytes and manifests. Akka.NET keeps 0 to 40 for itself. Stored, so it never changes.
    /// </summary>
    public const int SerializerId = 7301;

    /// <summary>Characters of a log's name; the width of <c>persistence_id</c>.</summary>
    public const int LogLength = 255;

    /// <summary>
    /// A name that a database would refuse fails here, alone; in the group it would take its neighbours with it.
    /// </summary>
    internal static void CheckLog(string log)
    {
        ArgumentException.ThrowIfNullOrEmpty(log);
        if (log.Length > LogLength || Limits.CountScalars(log) < 0)
        {
            throw new ArgumentException($"A log's name has at most {LogLength} characters, none of them U+0000 or half of a surrogate pair", nameof(log));
        }
    }

    /// <exception cref="JournalUnavailableException">This version cannot read it: another one has written it, or the database is spoilt.</exception>
    internal static StoredEvent Decode(EventCodec events, long ordering, string log, long seq, string? writer, string? manifest, ReadOnlySpan<byte> message)
    {
        try
        {
            return new StoredEvent(ordering, log, seq, WriterId(writer), events.Decode(manifest ?? "", message));
        }
        catch (EventFormatException e)
        {
            throw new JournalUnavailableException($"Event {seq} of log '{log}': {e.Message}", e);
        }
    }

    internal static StoredEvent DecodeOrReport(EventCodec events, long ordering, string log, long seq, string? writer, string? manifest, ReadOnlySpan<byte> message)
    {
        try
        {
            return new StoredEvent(ordering, log, seq, WriterId(writer), events.Decode(manifest ?? "", message));
        }
        catch (EventFormatException e)
        {
            return new StoredEvent(ordering, log, seq, WriterId(writer), null, e.Message);
        }
    }

    /// <summary>Rows of another engine may name their writer otherwise.</summary>
    private static Guid WriterId(string? writer) => Guid.TryParse(writer, out var id) ? id : Guid.Empty;
}
