using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Chat.Actors.Persistence;
using Chat.Protocol;

namespace Chat.Host.Endpoints;

/// <summary>Body of <c>POST .../messages</c> and <c>.../messages/stream</c>.</summary>
/// <param name="ClientMessageId">Stands for the <c>Idempotency-Key</c> header, where that is not sent.</param>
internal sealed record NewMessage(
    string Content, string? MessageType, [property: JsonConverter(typeof(RawJsonConverter))] string? Metadata, string? ReplyTo, string? ClientMessageId)
{
    /// <exception cref="FieldException" />
    public static NewMessage Read(JsonElement json)
    {
        var fields = new JsonFields(json);
        return new NewMessage(
            fields.Text("content"), fields.OptionalText("message_type"), fields.OptionalObject("metadata"), fields.OptionalText("reply_to"), fields.OptionalText("client_message_id"));
    }

    /// <param name="idempotencyKey">The header; blank counts as absent.</param>
    public PostMessage ToCommand(Caller caller, string? idempotencyKey) => new()
    {
        Caller = caller,
        MessageId = MessageId.New(),
        RunId = MessageId.New(),
        Content = Content,
        MessageType = MessageType ?? "text",
        Metadata = Metadata,
        ReplyTo = ReplyTo is { } id ? new MessageId(id) : null,
        ClientMessageId = string.IsNullOrWhiteSpace(idempotencyKey) ? ClientMessageId : idempotencyKey,
    };
}

/// <summary>Body of <c>PATCH .../messages/{message_id}</c>.</summary>
internal sealed record MessageChange(string Content)
{
    /// <exception cref="FieldException" />
    public static MessageChange Read(JsonElement json) => new(new JsonFields(json).Text("content"));
}

/// <summary>Body of <c>POST .../reactions</c>.</summary>
internal sealed record NewReaction(string Emoji)
{
    /// <exception cref="FieldException" />
    public static NewReaction Read(JsonElement json) => new(new JsonFields(json).Text("emoji"));
}

/// <summary>A message as history has it.</summary>
internal sealed record MessageItem
{
    public required string MessageId { get; init; }
    public required string SenderType { get; init; }
    public required string SenderId { get; init; }
    public required string SenderName { get; init; }
    public required string MessageType { get; init; }
    public required string? Content { get; init; }

    [JsonConverter(typeof(RawJsonConverter))]
    public required string? Metadata { get; init; }

    public required int? TokensUsed { get; init; }
    public required int? LatencyMs { get; init; }

    /// <summary>How an agent's answer ended; null for every other message.</summary>
    public required string? Status { get; init; }

    /// <summary>Of a message of type <c>file</c> that is not deleted.</summary>
    public required FileItem? File { get; init; }

    public required string? ReplyTo { get; init; }
    public required bool IsEdited { get; init; }
    public required DateTimeOffset? EditedAt { get; init; }
    public required bool IsDeleted { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required long Seq { get; init; }
    public required IReadOnlyList<ReactionItem> Reactions { get; init; }

    public static MessageItem Of(MessageRow row) => new()
    {
        MessageId = row.MessageId.Value,
        SenderType = row.SenderType,
        SenderId = row.SenderId,
        SenderName = row.SenderName,
        MessageType = row.MessageType,
        Content = row.Content,
        Metadata = row.Metadata ?? MeasuresOf(row),
        TokensUsed = row.TokensUsed,
        LatencyMs = row.LatencyMs,
        Status = row.Status,
        File = row.File is { } file ? FileItem.Of(file) : null,
        ReplyTo = row.ReplyTo?.Value,
        IsEdited = row.IsEdited,
        EditedAt = row.EditedAt,
        IsDeleted = row.IsDeleted,
        CreatedAt = row.CreatedAt,
        Seq = row.Seq,
        Reactions = ReactionItem.Of(row.Reactions),
    };

    /// <summary>The seed has an answer's measures in its metadata; an answer has no other.</summary>
    private static string? MeasuresOf(MessageRow row) => row is { TokensUsed: { } tokens, LatencyMs: { } latency }
        ? string.Create(CultureInfo.InvariantCulture, $$"""{"tokens_used":{{tokens}},"latency_ms":{{latency}}}""")
        : null;
}

/// <param name="Type">Media type, judged from the bytes.</param>
/// <param name="Size">Bytes.</param>
internal sealed record FileItem(string FileId, string Url, string Name, string Type, long Size, string? ThumbnailUrl)
{
    public static FileItem Of(PostedFile file) => new(file.FileId, file.Url, file.Name, file.Type, file.Size, file.ThumbnailUrl);
}

internal sealed record ReactionItem(string Emoji, int Count, IReadOnlyList<string> Users)
{
    public static IReadOnlyList<ReactionItem> Of(IReadOnlyList<ReactionRow> rows) => [.. rows.Select(row => new ReactionItem(row.Emoji, row.Count, row.Users))];
}

internal sealed record ReactionList(IReadOnlyList<ReactionItem> Reactions);

/// <summary>Oldest first.</summary>
internal sealed record MessageList(IReadOnlyList<MessageItem> Messages, bool HasMore, int Total);

/// <param name="RunId">Message id of the answer that an agent will give; null where none does.</param>
internal sealed record MessageSent(string MessageId, string Status, DateTimeOffset CreatedAt, long Seq, string? RunId);
