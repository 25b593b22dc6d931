namespace Chat.Protocol;

/// <summary>What a client's frame asks for.</summary>
public abstract record ClientRequest
{
    /// <summary>Goes back in the answer, where the frame had one.</summary>
    public string? ClientMessageId { get; init; }
}
