namespace Chat.Protocol;

/// <summary>A frame that a client of the participant WebSocket sends.</summary>
public abstract record ParticipantRequest : ClientRequest
{
    /// <param name="Content">Trimmed, and within the face's limit.</param>
    public sealed record Message(string Content, bool IsQuestion) : ParticipantRequest;

    public sealed record Typing(bool IsTyping) : ParticipantRequest;

    /// <summary>The participant says that it is there.</summary>
    public sealed record Update : ParticipantRequest;
}
