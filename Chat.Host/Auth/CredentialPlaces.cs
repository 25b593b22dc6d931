namespace Chat.Host.Auth;

/// <summary>Where a request may carry its credential. An address is written down in many places, so a token stands in one only where a browser leaves no other way.</summary>
[Flags]
public enum CredentialPlaces
{
    /// <summary><c>Authorization: Bearer</c>.</summary>
    Header = 1,

    /// <summary><c>Sec-WebSocket-Protocol: bearer, TOKEN</c>.</summary>
    Subprotocol = 2,

    /// <summary><c>?token=</c>.</summary>
    QueryToken = 4,

    /// <summary><c>?ticket=</c>, which is used up by it.</summary>
    Ticket = 8,

    Rest = Header,

    /// <summary>Event streams and files, which a page opens by address: <c>EventSource</c>, <c>img</c>, a download.</summary>
    Download = Header | Ticket,

    Socket = Header | Subprotocol | QueryToken | Ticket,
}
