using Microsoft.AspNetCore.Http;

namespace Chat.Host.SocketIo.Engine;

/// <summary>How an <see cref="EngineServer"/> treats its sessions.</summary>
public sealed record EngineOptions
{
    /// <summary>The server pings so long after the session's start, and at this interval from then on; told to the client in the handshake.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>A ping that is not answered within this ends the session; told to the client in the handshake.</summary>
    public TimeSpan PingTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>A WebSocket that was opened for an upgrade and has not completed it by then is closed; the session goes on by polling.</summary>
    public TimeSpan UpgradeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes of a WebSocket message (over it: close 1009) or of a POST's body (over it: 413); told to the client in the handshake.</summary>
    public int MaxPayload { get; init; } = 1_000_000;

    /// <summary>Bytes that may wait for the client before producers are held and nothing more is read from it.</summary>
    public int QueueLimit { get; init; } = 256 * 1024;

    /// <summary>A session for which more bytes wait is closed with 1013: somebody sends without asking <see cref="EngineSession.WhenWritableAsync"/>.</summary>
    public int QueueMaximum { get; init; } = 8 * 1024 * 1024;

    /// <summary>Value of <c>Access-Control-Allow-Origin</c>; null where CORS is somebody else's work, or nobody's.</summary>
    public string? AllowOrigin { get; init; }

    /// <summary>
    /// Asked once before a session is made, never for a request of a known one. Headers it sets on the response (<c>Retry-After</c>) go with a refusal.
    /// </summary>
    public Func<HttpContext, EngineAdmission> Admit { get; init; } = static _ => EngineAdmission.Accept();

    /// <summary>Called once for each session that was admitted, when it has ended and its socket is closed, with what <see cref="Admit"/> kept of its handshake.</summary>
    public Action<object?> Release { get; init; } = static _ => { };

    /// <summary>Stands at the end of every session id, after a dot: tells servers behind one balancer whose session a request names. Empty: no mark.</summary>
    public string Mark { get; init; } = "";

    /// <summary>Asked about a request whose session is not here, before it is refused: true where another server has answered it.</summary>
    public Func<HttpContext, string, Task<bool>>? Carry { get; init; }
}

/// <summary>Whether a handshake may become a session.</summary>
public readonly record struct EngineAdmission
{
    /// <summary>HTTP status of a refusal; null when admitted.</summary>
    public int? RefusedWith { get; private init; }

    /// <summary>What the application has learnt from the handshake request, kept as <see cref="EngineSession.Handshake"/>.</summary>
    public object? Handshake { get; private init; }

    public static EngineAdmission Accept(object? handshake = null) => new() { Handshake = handshake };

    public static EngineAdmission Refuse(int status) => new() { RefusedWith = status };
}
