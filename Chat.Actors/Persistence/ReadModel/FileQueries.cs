using System.Data.Common;
using Chat.Protocol;
using Dapper;

namespace Chat.Actors.Persistence;

/// <summary>Reads of files, in SQL that both databases understand.</summary>
internal static class FileQueries
{
    private const string Columns =
        "f.file_id AS FileId, f.file_name AS Name, f.file_type AS Type, f.file_size AS Size, f.thumbnail_url AS ThumbnailUrl, f.file_hash AS Hash";

    private const string One =
        $"SELECT m.session_id AS SessionId, m.message_id AS MessageId, {Columns} FROM chat_files f CROSS JOIN chat_messages m WHERE f.file_id = @file AND m.message_id = f.message_id";

    private const string OfPage =
        $"""
        SELECT m.message_id AS MessageId, {Columns} FROM chat_messages m CROSS JOIN chat_files f
        WHERE m.session_id = @session AND m.seq >= @first AND m.seq <= @last AND m.file_id IS NOT NULL AND f.file_id = m.file_id
        """;

    public static async Task<FileRow?> FindAsync(DbTransaction transaction, string file, CancellationToken cancellation)
    {
        var rows = await transaction.Connection!.QueryAsync<Stored>(new CommandDefinition(One, new { file }, transaction, cancellationToken: cancellation));
        return rows.SingleOrDefault() is { } row ? new FileRow(new(row.SessionId), new(row.MessageId), row.ToFile()) : null;
    }

    /// <summary>Of the messages of one session between two seqs, both among them, by their ids.</summary>
    public static async Task<Dictionary<string, PostedFile>> OfPageAsync(DbTransaction transaction, SessionId session, long first, long last, CancellationToken cancellation)
    {
        var rows = await transaction.Connection!.QueryAsync<Stored>(
            new CommandDefinition(OfPage, new { session = session.Value, first, last }, transaction, cancellationToken: cancellation));
        return rows.ToDictionary(row => row.MessageId, row => row.ToFile(), StringComparer.Ordinal);
    }

    /// <summary>A few hundred hashes at most: each is an argument of the statement.</summary>
    public static async Task<IReadOnlySet<string>> FindHashesAsync(DbTransaction transaction, IReadOnlyCollection<string> hashes, CancellationToken cancellation)
    {
        var arguments = new DynamicParameters();
        foreach (var (i, hash) in hashes.Index())
        {
            arguments.Add($"h{i}", hash);
        }
        var names = string.Join(", ", arguments.ParameterNames.Select(name => "@" + name));
        var found = await transaction.Connection!.QueryAsync<string>(new CommandDefinition(
            $"SELECT file_hash FROM chat_files WHERE file_hash IN ({names})", arguments, transaction, cancellationToken: cancellation));
        return found.ToHashSet(StringComparer.Ordinal);
    }

    private sealed class Stored
    {
        public string SessionId { get; init; } = "";
        public string MessageId { get; init; } = "";
        public string FileId { get; init; } = "";
        public string Name { get; init; } = "";
        public string Type { get; init; } = "";
        public long Size { get; init; }
        public string? ThumbnailUrl { get; init; }
        public string Hash { get; init; } = "";

        public PostedFile ToFile() => new(FileId, Name, Type, Size, Hash, ThumbnailUrl is not null);
    }
}
