using Chat.Protocol;

namespace Chat.Actors.Persistence;

/// <summary>Writes to <c>chat_files</c>.</summary>
internal static class FileStatements
{
    /// <summary>After the message's own row. A file that is shown once more has its row already.</summary>
    public static IEnumerable<ReadStatement> Post(FilePosted e)
    {
        yield return new("UPDATE chat_messages SET file_id = $2 WHERE message_id = $1", [e.MessageId.Value, e.File.FileId], MustChange: true);
        yield return new(
            """
            INSERT INTO chat_files (message_id, file_id, file_name, file_type, file_size, file_url, thumbnail_url, uploaded_by, uploaded_at, file_hash)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (file_id) DO NOTHING
            """,
            [
                e.MessageId.Value, e.File.FileId, e.File.Name, e.File.Type, e.File.Size, e.File.Url, e.File.ThumbnailUrl, e.SenderId, e.At, e.File.Hash,
            ]);
    }

    /// <summary>After the message's own row is marked as deleted: another message that shows the file stands for it, or it goes.</summary>
    public static IEnumerable<ReadStatement> Delete(MessageId message)
    {
        yield return new(
            """
            UPDATE chat_files SET message_id = (SELECT m.message_id FROM chat_messages m WHERE m.file_id = chat_files.file_id ORDER BY m.seq LIMIT 1)
            WHERE message_id = $1
            """,
            [message.Value]);
        yield return new("DELETE FROM chat_files WHERE message_id IS NULL", []);
    }
}
