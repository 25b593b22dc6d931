using System.Text.Json;

namespace Chat.Tests.Contracts.Faces;

/// <summary>What a client has learned from its face, in the words that all faces share.</summary>
public abstract record Told
{
    /// <summary>A message, or an agent's whole answer.</summary>
    /// <param name="Author">The name under which people know who wrote it.</param>
    /// <param name="Type"><c>text</c>, <c>question</c>, <c>stream</c>; null where the face does not tell it.</param>
    public sealed record Said(string Author, string Text, string? Id, long? Seq, string? Type) : Told
    {
        public Line Line => new(Author, Text);
    }

    /// <summary>The file of the message that was told before it.</summary>
    /// <param name="ThumbnailUrl">Null where there is none.</param>
    public sealed record Attached(string FileId, string Url, string Name, string Type, long Size, string? ThumbnailUrl) : Told
    {
        /// <summary>Nothing where the message has none.</summary>
        public static IEnumerable<Attached> Read(JsonElement message)
        {
            if (message.TryGetProperty("file", out var file) && file.ValueKind == JsonValueKind.Object)
            {
                yield return new Attached(
                    file.GetProperty("file_id").GetString()!,
                    file.GetProperty("url").GetString()!,
                    file.GetProperty("name").GetString()!,
                    file.GetProperty("type").GetString()!,
                    file.GetProperty("size").GetInt64(),
                    file.GetProperty("thumbnail_url").GetString());
            }
        }
    }

    /// <summary>The connection stands; whether it is let in is another matter.</summary>
    public sealed record Opened : Told;

    /// <summary>A send is durable.</summary>
    public sealed record Acked(string ClientMessageId, string Id, long Seq) : Told;

    public sealed record Refused(string Code, string Text, string? ClientMessageId) : Told;

    /// <param name="Who">The id under which the face shows people.</param>
    public sealed record Came(string Who) : Told;

    public sealed record Went(string Who) : Told;

    public sealed record Counted(int Present) : Told;

    public sealed record Archived : Told;

    /// <summary>The cursor is above the log's head, which is this.</summary>
    public sealed record Reset(long Head) : Told;

    /// <summary>Everything before has been handled, and what it led to has been told.</summary>
    public sealed record Settled : Told;

    /// <summary>A transport of Engine.IO is in use.</summary>
    public sealed record Carried(string By) : Told;

    /// <summary>The connection has ended, or was never let in.</summary>
    public sealed record Closed(int Code, string Reason) : Told;

    /// <summary>Nothing that the suite asks for.</summary>
    public sealed record Other(string Text) : Told;
}

/// <summary>What people read of a message.</summary>
public sealed record Line(string Author, string Text);

/// <summary>Who knocks: a name, the id behind it, and what proves it.</summary>
public sealed record Key(string Name, string Id, string? Proof);
