namespace Chat.Protocol;

/// <summary>A frame that a client of the native WebSocket sends.</summary>
public abstract record NativeRequest : ClientRequest
{
    public sealed record Message(string Content, string MessageType, string? Metadata, string? ReplyTo) : NativeRequest;

    public sealed record Typing(bool IsTyping) : NativeRequest;

    /// <param name="Content">Null: the file's name.</param>
    public sealed record File(string FileId, string? Content) : NativeRequest;

    public sealed record Read(long Seq) : NativeRequest;

    public sealed record Edit(string MessageId, string Content) : NativeRequest;

    public sealed record Delete(string MessageId) : NativeRequest;

    public sealed record React(string MessageId, string Emoji, bool Remove) : NativeRequest;

    public sealed record Stop(string? MessageId) : NativeRequest;

    /// <summary><see cref="ClientMessageId"/> is the agent's own id for its answer.</summary>
    public sealed record StreamStart(string? Content) : NativeRequest;

    /// <param name="MessageId">The server's id or the agent's own; null for the answer begun last.</param>
    public sealed record StreamChunk(string? MessageId, string Content, int? Index) : NativeRequest;

    public sealed record StreamEnd(string? MessageId, string? Content, int TokensUsed, int? LatencyMs) : NativeRequest;

    public sealed record Sync(long Since) : NativeRequest;

    public sealed record Auth(string Token) : NativeRequest;

    public sealed record Ping : NativeRequest;
}
