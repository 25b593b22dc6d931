namespace Chat.Protocol;

/// <summary>WebSocket close codes that this server sends, and what the client should do.</summary>
public static class CloseCode
{
    /// <summary>The client asked to close.</summary>
    public const int Normal = 1000;

    /// <summary>Refused: credentials, unknown session, not a member, removed. Do not come back as you are.</summary>
    public const int Refused = 1008;

    /// <summary>A frame over the size limit. Mend yourself.</summary>
    public const int TooLarge = 1009;

    /// <summary>A fault of the server. Come back with backoff.</summary>
    public const int ServerFault = 1011;

    /// <summary>The node is draining. Come back at once with your cursor.</summary>
    public const int Draining = 1012;

    /// <summary>Overloaded, or this reader stayed too far behind. Come back with backoff and your cursor.</summary>
    public const int Overloaded = 1013;

    /// <summary>The token expired. Renew it and come back.</summary>
    public const int TokenExpired = 4001;
}
